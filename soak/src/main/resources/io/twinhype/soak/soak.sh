# What is done to two hypervisors in the lab, while guests look whether what belongs to them is still there.
# Usage: soak.sh TASK..., with the files in the environment: CHECKER, BASE, A, B and, where a task needs them,
# HALF_A (fails half-way through its initialization), FOREIGN_A (for another ABI), TWINHYPE (the command twinhype).
# Says, a line each: "figure CHECK KEY VALUE", "detail CHECK TEXT", "result CHECK ok|FAILED SENTENCE".
# With STOCK=yes the stock modules are loaded and there is one device: the control.
device_a=/dev/kvm
device_b=/dev/kvm2
if [ "$STOCK" = yes ]; then device_b=/dev/kvm; fi
work=/run/soak
mkdir -p $work
# A lab whose kernel died may go on for hours without getting anywhere.
echo 1 >/proc/sys/kernel/panic_on_oops
# A machine that is busy with other things may not run the lab for half a minute (seen, also with stock KVM: its emulated CPU
# was ready to run and got no time), which the lab's RCU takes for a stall. Guests that really stand still, the checker tells.
echo 300 >/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout

result() { echo "result $1 $2 $3"; }
figure() { echo "figure $1 $2 $3"; }
detail() { sed "s/^/detail $1 /" "$2"; }

# Starts the checker in the background: $1 names it, the rest are its words. Waits until its guests run.
begin() {
    begun=$1
    shift
    "$CHECKER" "$@" >"$work/$begun" 2>&1 &
    echo $! >"$work/$begun.pid"
    tries=0
    until grep -qE '^(running|holding)' "$work/$begun"; do
        if ! kill -0 "$(cat "$work/$begun.pid")" 2>/dev/null || [ $tries -gt 1200 ]; then return 1; fi
        sleep 0.1
        tries=$((tries + 1))
    done
}

# Ends it and waits; its status.
end() {
    kill -TERM "$(cat "$work/$1.pid")" 2>/dev/null
    wait "$(cat "$work/$1.pid")"
}

# What the checker measured, as figures of check $1; $2 names the run, $3 precedes the keys.
figures() {
    while read -r key value rest; do
        case "$key $rest" in
        'seconds ' | 'rounds ' | 'cpuid_exits ' | 'halts ' | 'switches ' | 'longest_standstill_ms ' | 'mismatches ' | 'passes ' | 'words_lost ')
            figure "$1" "$3$key" "$value"
            ;;
        'mismatch '* | 'mismatches_of '* | 'standing '*) echo "detail $1 $3$key $value $rest" ;;
        esac
    done <"$work/$2"
}

# The checker's last sentence.
sentence() { sed -n 's/^FAILED //p; s/^ok //p' "$work/$1" | tail -n 1; }

# What a program complained of, in one line, without the directories of this machine.
told() { sed 's|/[^ ]*/||g' "$work/$1" | tr '\n' ' '; }

# One short guest on a device: its hypervisor turns virtualization on and off for it.
visit() { "$CHECKER" exits --device "$1" --count 100 --repeats 1 >"$work/visit" 2>&1; }

letter() { case $1 in A) echo a ;; B) echo b ;; esac; }
file_of() { case $1 in A) echo "$A" ;; B) echo "$B" ;; esac; }
device_of() { case $1 in A) echo $device_a ;; B) echo $device_b ;; esac; }

# Unloads hypervisor $1; a killed VMM's last references go a moment after it.
unload() {
    tries=0
    until rmmod "twinhype_$(letter "$1")" 2>"$work/rmmod"; do
        if [ $tries -ge 50 ]; then return 1; fi
        sleep 0.1
        tries=$((tries + 1))
    done
}

refusals() {
    if "$CHECKER" refusals --device $device_a --device $device_b >$work/refusals 2>&1; then
        result refusals ok "SEV, VFIO devices and enlightened VMCSs are refused with an error on both"
    else
        result refusals FAILED "$(sentence refusals)"
    fi
    detail refusals $work/refusals
}

# Guests of A and B in turn on CPU 0, $1 seconds.
leak() {
    if "$CHECKER" leak --device $device_a --device $device_b --guests 2 --seconds "$1" >$work/leak 2>&1; then
        outcome=ok
    else
        outcome=FAILED
    fi
    figures leak leak ''
    result leak $outcome "$(sentence leak)"
}

tag() { sed -n "s/^$1 //p" /sys/kernel/debug/twinhype/tags; }

# The ASIDs that the running VMCBs held, after guests of both ran.
tags() {
    "$CHECKER" leak --device $device_a --device $device_b --guests 4 --seconds 3 >$work/tags 2>&1
    for key in a_asid_min a_asid_max a_asid_count a_asid_outside b_asid_min b_asid_max b_asid_count b_asid_outside; do
        figure tags $key "$(tag $key)"
    done
    seen="ASIDs of A were $(tag a_asid_min) to $(tag a_asid_max), of B $(tag b_asid_min) to $(tag b_asid_max)"
    if [ "$(tag a_asid_count)" -lt 10 ] || [ "$(tag b_asid_count)" -lt 10 ]; then
        result tags FAILED "too few ASIDs were seen to tell"
    elif [ "$(tag a_asid_max)" -lt "$(tag b_asid_min)" ] || [ "$(tag b_asid_max)" -lt "$(tag a_asid_min)" ]; then
        if [ "$(tag a_asid_outside)" -eq 0 ] && [ "$(tag b_asid_outside)" -eq 0 ]; then
            result tags ok "$seen: they never met"
        else
            result tags FAILED "$seen: some were outside of their hypervisor's part"
        fi
    else
        result tags FAILED "$seen: they met"
    fi
}

# Whose VMCB the base takes for the one this CPU ran last, while guests of both take turns.
owners() {
    begin owners leak --device $device_a --device $device_b --guests 1 --seconds 600
    a=0 b=0 samples=0
    # Twenty in a row may all fall into one guest's time on the CPU: so on, at uneven intervals, until both were there.
    while [ $samples -lt 20 ] || { [ $samples -lt 200 ] && { [ $a -eq 0 ] || [ $b -eq 0 ]; }; }; do
        sleep 0.0$((samples % 7 + 1))
        case $(sed -n 's/^cpu0_vmcb //p' /sys/kernel/debug/twinhype/cpus) in
        a) a=$((a + 1)) ;;
        b) b=$((b + 1)) ;;
        esac
        samples=$((samples + 1))
    done
    end owners
    figure owners samples $samples
    figure owners a $a
    figure owners b $b
    if [ $a -gt 0 ] && [ $b -gt 0 ]; then
        result owners ok "the base saw the last VMCB change between A and B ($a and $b of $samples samples)"
    else
        result owners FAILED "of $samples samples the last VMCB was A's in $a and B's in $b: one of them is not seen"
    fi
}

# Reloads $1 $2 times while guests of the other run.
reload() {
    twin=$1 times=$2 done=0 outcome=ok why=
    case $twin in A) other=B ;; B) other=A ;; esac
    check=reload-$twin
    begin memory memory --mebibytes 8
    begin load load --device "$(device_of $other)" --guests 2 --pages 64 --pause-every 16
    while [ $done -lt "$times" ]; do
        if ! unload $twin; then
            outcome=FAILED why="$twin is not unloaded: $(told rmmod)"
        elif ! sleep 0.2 || ! insmod "$(file_of $twin)" 2>$work/insmod; then
            outcome=FAILED why="$twin is not loaded: $(told insmod)"
        elif ! visit "$(device_of $twin)"; then
            outcome=FAILED why="no guest runs on the reloaded $twin: $(sentence visit)"
        elif ! kill -0 "$(cat $work/load.pid)" 2>/dev/null; then
            outcome=FAILED why="the guests of $other ended"
        fi
        [ $outcome = ok ] || break
        done=$((done + 1))
    done
    if ! end load; then outcome=FAILED why="$why${why:+; }on $other: $(sentence load)"; fi
    if ! end memory; then outcome=FAILED why="$why${why:+; }$(sentence memory)"; fi
    figure $check reloads $done
    figures $check load guests_
    figures $check memory memory_
    if [ $outcome = ok ]; then
        result $check ok "$twin was reloaded $done times while guests of $other found all that belongs to them"
    else
        result $check FAILED "at reload $((done + 1)) of $times: $why"
    fi
}

# Kills a vCPU thread of $1 while guests of the other run.
killed() {
    twin=$1
    case $twin in A) other=B ;; B) other=A ;; esac
    check=killed-$twin
    begin load load --device "$(device_of $other)" --guests 2
    begin victim load --device "$(device_of $twin)" --guests 2
    victim=$(cat $work/victim.pid)
    thread=$(ls /proc/$victim/task | grep -v "^$victim$" | head -n 1)
    kill -KILL "$thread"
    wait $victim 2>/dev/null
    status=$?
    if [ $status -ne 137 ]; then
        result $check FAILED "the VMM of the killed vCPU thread ended with status $status, not by SIGKILL"
    elif ! unload $twin; then
        result $check FAILED "$twin is not unloaded after its vCPU thread was killed: $(told rmmod)"
    elif ! insmod "$(file_of $twin)" 2>$work/insmod || ! visit "$(device_of $twin)"; then
        result $check FAILED "$twin does not come back: $(told insmod) $(sentence visit)"
    elif ! end load; then
        result $check FAILED "on $other: $(sentence load)"
    else
        figures $check load guests_
        result $check ok "a vCPU thread of $twin was killed: guests of $other found all that is theirs, $twin was reloaded"
    fi
}

# With a VM on each: nothing goes away.
in_use() {
    begin hold hold --device $device_a --device $device_b
    refused=0
    for module in twinhype_a twinhype_b twinhype_base; do
        if ! rmmod $module 2>>$work/in_use; then refused=$((refused + 1)); fi
    done
    # The sentence of the tool, in a machine with Java.
    said=
    if [ -n "$TWINHYPE" ]; then
        for twin in A B; do
            if $TWINHYPE hypervisor unload $twin >$work/said 2>&1; then refused=0; fi
            detail in-use $work/said
            grep -q "Hypervisor $twin .*users" $work/said || refused=0
        done
        said=", by twinhype with a sentence"
    fi
    end hold
    held=$?
    if [ $refused -eq 3 ] && [ $held -eq 0 ]; then
        result in-use ok "A, B and the base are not unloaded while VMs use them$said"
    else
        result in-use FAILED "of A, B and the base $refused were kept; the VMs ended with status $held"
    fi
}

# A build of A that does not load: $1 names the check, $2 is the module, $3 what the kernel must say.
refused_build() {
    check=$1 before=$(dmesg | wc -l)
    begin load load --device $device_b --guests 2
    if ! unload A; then
        result "$check" FAILED "A is not unloaded: $(told rmmod)"
        return
    fi
    insmod "$2" 2>$work/insmod
    loaded=$?
    dmesg | tail -n "+$((before + 1))" >$work/dmesg
    detail "$check" $work/dmesg
    [ $loaded -eq 0 ] && unload A
    # Whatever came of it, what follows finds A there.
    insmod "$A" 2>$work/insmod && visit $device_a
    again=$?
    end load
    others=$?
    if [ $loaded -eq 0 ]; then
        result "$check" FAILED "the kernel took it"
    elif ! grep -qE "$3" $work/dmesg; then
        result "$check" FAILED "the kernel log does not say why: no line with $3"
    elif [ $again -ne 0 ]; then
        result "$check" FAILED "the right build of A does not load after it: $(told insmod) $(sentence visit)"
    elif [ $others -ne 0 ]; then
        result "$check" FAILED "on B: $(sentence load)"
    else
        figures "$check" load guests_
        result "$check" ok "refused; guests of B found all that belongs to them, and the right build of A loaded after it"
    fi
}
half_way() { refused_build half-way "$HALF_A" "misc device register failed"; }
foreign_abi() { refused_build foreign-abi "$FOREIGN_A" "built for ABI"; }

# Takes CPU 1 away and brings it back, $1 times, while both run.
hotplug() {
    times=$1 done=0 outcome=ok why=
    begin load-a load --device $device_a --guests 1 --pages 16 --stall 300
    begin load-b load --device $device_b --guests 1 --pages 16 --stall 300
    while [ $done -lt "$times" ]; do
        # New VMs at both ends: virtualization goes on where it is off, also on the CPU that comes back.
        if ! echo 0 >/sys/devices/system/cpu/cpu1/online; then
            outcome=FAILED why="CPU 1 does not go offline"
        elif ! visit $device_a || ! visit $device_b; then
            outcome=FAILED why="with CPU 1 offline: $(sentence visit)"
        elif ! echo 1 >/sys/devices/system/cpu/cpu1/online; then
            outcome=FAILED why="CPU 1 does not come back"
        elif ! "$CHECKER" exits --device $device_a --device $device_b --count 100 --repeats 1 --cpu 1 >$work/visit 2>&1; then
            outcome=FAILED why="on CPU 1, which came back: $(sentence visit)"
        fi
        [ $outcome = ok ] || break
        done=$((done + 1))
    done
    for each in load-a load-b; do
        if ! end $each; then outcome=FAILED why="$why${why:+; }$(sentence $each)"; fi
    done
    figure hotplug cycles $done
    figures hotplug load-a a_
    figures hotplug load-b b_
    if [ $outcome = ok ]; then
        result hotplug ok "CPU 1 went and came back $done times while guests of both found all that belongs to them"
    else
        result hotplug FAILED "at cycle $((done + 1)) of $times: $why"
    fi
}

# All away, in the order of use.
away() {
    if unload A && unload B && rmmod twinhype_base 2>$work/rmmod && ! grep -q twinhype /proc/modules; then
        result away ok "A, B and the base were unloaded"
    else
        result away FAILED "not unloaded: $(told rmmod)"
    fi
}

for task in "$@"; do
    begun_at=$(cut -d . -f 1 /proc/uptime)
    case $task in
    *=*) ${task%%=*} $(echo "${task#*=}" | tr , ' ') ;;
    *) $task ;;
    esac
    # If nothing is left of a task, it has not run.
    for left in "$work"/*.pid; do
        [ -e "$left" ] && kill -KILL "$(cat "$left")" 2>/dev/null
        rm -f "$left"
    done
    wait
    echo "took $task $(($(cut -d . -f 1 /proc/uptime) - begun_at))"
done
