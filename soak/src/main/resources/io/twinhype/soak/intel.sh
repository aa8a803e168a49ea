#!/bin/busybox sh
# The Intel trial, in a lab under Bochs, where nothing but busybox and the checker runs. Told by its caller:
#   trial.sh CPUS SECONDS RELOADS STEP...
# CPUS of the lab; SECONDS each leak check runs (of the lab's time); RELOADS of each hypervisor; the steps, in order.
# In /trial: twinhype_base.ko, twinhype_a.ko, twinhype_b.ko, the stock kvm.ko and kvm-intel.ko, and check.
# Says, a line each, as soak.sh does: "figure STEP KEY VALUE", "detail STEP TEXT", "result STEP ok|FAILED SENTENCE".
# Ends with status 1 if a step failed.
cpus=$1 seconds=$2 reloads=$3
shift 3
A=/dev/kvm B=/dev/kvm2
seen=/sys/kernel/debug/twinhype
failures=0

figure() {
    echo "figure $step $1 $2"
}
ok() {
    held=$((held + 1))
    echo "detail $step ok $*"
}
failed() {
    [ -n "$wrong" ] || wrong=$*
    echo "detail $step FAILED $*"
}
# What the checker measured and what it found wrong; $1 is the file, $2 precedes the keys.
told() {
    while read -r key value rest; do
        case "$key $rest" in
        'seconds ' | 'rounds ' | 'fewest_rounds ' | 'cpuid_exits ' | 'switches ' | 'longest_standstill_ms ' | 'mismatches ')
            figure "$2$key" "$value"
            ;;
        'ok '*) ok "$value $rest" ;;
        'FAILED '*) failed "$value $rest" ;;
        'mismatch '* | 'mismatches_of '* | 'standing '*) echo "detail $step $key $value $rest" ;;
        esac
    done <$1
}
# expect SENTENCE COMMAND...: the command succeeds.
expect() {
    sentence=$1
    shift
    if said=$("$@" 2>&1); then ok "$sentence"; else failed "$sentence: ${said:-it says nothing}"; fi
}
# refuse SENTENCE COMMAND...: the command fails, and says why.
refuse() {
    sentence=$1
    shift
    if said=$("$@" 2>&1); then
        failed "$sentence: it is not refused"
    elif [ -z "$said" ]; then
        failed "$sentence: refused without a word"
    else
        ok "$sentence: $said"
    fi
}
# checked NAME ARGUMENTS...: the checker, whose own words tell what it found; NAME is for its figures.
checked() {
    name=$1
    shift
    /trial/check "$@" >/tmp/checked 2>&1
    status=$?
    told /tmp/checked $name
    if [ $status -gt 1 ]; then failed "the checker ended with status $status: $*: $(tail -n 1 /tmp/checked)"; fi
}
# value FILE KEY of debugfs.
value() {
    sed -n "s/^$2 //p" $seen/$1
}
# start ARGUMENTS...: the checker in the background, once its guests run; its number is in $started.
start() {
    /trial/check "$@" >/tmp/started 2>&1 &
    started=$!
    tries=0
    while ! grep -qE '^(running|holding)' /tmp/started; do
        if ! kill -0 $started 2>/dev/null || [ $tries = 600 ]; then
            failed "the checker did not start: $*: $(cat /tmp/started)"
            return 1
        fi
        tries=$((tries + 1))
        usleep 100000
    done
}
# finish NAME: ends what start started, which must have found nothing; NAME is for its figures.
finish() {
    kill -TERM $started 2>/dev/null
    join "$1"
}
# join NAME: waits for its end.
join() {
    wait $started
    status=$?
    told /tmp/started $1
    if [ $status -gt 1 ]; then failed "the checker in the background ended with status $status"; fi
}
# CPUs for the guests of a ring in turn: with two CPUs each device's guests are on both.
places() {
    if [ "$cpus" = 1 ]; then echo 0; else echo 0,1,1,0; fi
}
# vmx_references COUNT: on every CPU.
vmx_references() {
    cpu=0
    while [ $cpu -lt "$cpus" ]; do
        found=$(value cpus cpu${cpu}_vmx_references)
        if [ "$found" != "$1" ]; then
            failed "CPU $cpu has ${found:-no} references on VMX operation, not $1"
            return
        fi
        cpu=$((cpu + 1))
    done
    ok "every CPU has $1 references on VMX operation"
}
# The references without any VM: hypervisors of 6.12 take theirs when they are loaded, if this parameter says so.
vmx_idle() {
    idle=0
    for twin in a b; do
        at_load=/sys/module/twinhype_$twin/parameters/enable_virt_at_load
        if [ -r $at_load ] && [ "$(cat $at_load)" = Y ]; then idle=$((idle + 1)); fi
    done
    vmx_references $idle
}
load() {
    expect "$1 is loaded" insmod /trial/$1.ko
}
unload() {
    expect "$1 is unloaded" rmmod $1
}
# As many VPIDs as a twin may use are its own: both saw use, and none left its range.
tags() {
    for twin in a b; do
        first=$(value tags ${twin}_vpid_first) last=$(value tags ${twin}_vpid_last)
        min=$(value tags ${twin}_vpid_min) max=$(value tags ${twin}_vpid_max)
        count=$(value tags ${twin}_vpid_count) outside=$(value tags ${twin}_vpid_outside)
        figure vpids_of_$twin $min-$max
        figure vpids_noted_of_$twin $count
        if [ "${count:-0}" = 0 ]; then
            failed "no VPID of hypervisor $twin was seen"
        elif [ "$outside" != 0 ] || [ "$min" -lt "$first" ] || [ "$max" -gt "$last" ]; then
            failed "hypervisor $twin used VPIDs outside of $first-$last: $min-$max, $outside times"
        else
            ok "the VPIDs of hypervisor $twin, $min-$max, are within $first-$last"
        fi
    done
    if [ "$(value tags a_vpid_max)" -lt "$(value tags b_vpid_min)" ] ||
        [ "$(value tags b_vpid_max)" -lt "$(value tags a_vpid_min)" ]; then
        ok "the VPIDs of A and B do not meet"
    else
        failed "the VPIDs of A and B meet"
    fi
}
# reload NAME DEVICE OTHER-DEVICE: while guests run on the other.
reload() {
    start load --device $3 --guests 2 --pages 32 --cpu $(places) || return
    i=0
    while [ $i -lt "$reloads" ]; do
        if ! said=$(rmmod $1 2>&1); then
            failed "$1 is not unloaded while guests run on $3: $said"
            break
        fi
        if ! said=$(insmod /trial/$1.ko 2>&1); then
            failed "$1 is not loaded again while guests run on $3: $said"
            break
        fi
        /trial/check exits --device $2 --count 100 --repeats 1 >/tmp/reloaded 2>&1 ||
            failed "no guest runs on $1 after reload $i: $(tail -n 1 /tmp/reloaded)"
        i=$((i + 1))
    done
    figure reloads $i
    finish guests_
}

# The steps.

step_load() {
    load twinhype_base
    load twinhype_a
    load twinhype_b
    expect "$A and $B are there" test -c $A -a -c $B
    vmx_idle
}
# Guests of A and B in turn on one CPU, as fast as they can be switched.
step_one_cpu() {
    checked '' leak --device $A --device $B --guests 2 --cpu 0 --seconds $seconds
    tags
}
# Two such rings at once, one on each CPU; then one that goes from CPU to CPU.
step_two_cpus() {
    start leak --device $A --device $B --guests 2 --cpu 0 --seconds $seconds
    checked cpu1_ leak --device $B --device $A --guests 2 --cpu 1 --seconds $seconds
    join cpu0_
    checked both_ leak --device $A --device $B --guests 2 --cpu 0,1,1,0 --seconds $seconds
    tags
}
step_reload_a() {
    reload twinhype_a $A $B
}
step_reload_b() {
    reload twinhype_b $B $A
}
step_in_use() {
    start hold --device $A --device $B || return
    vmx_references 2
    refuse "A is not unloaded while it has a VM" rmmod twinhype_a
    refuse "B is not unloaded while it has a VM" rmmod twinhype_b
    refuse "the base is not unloaded while A and B are there" rmmod twinhype_base
    finish held_
    vmx_idle
}
# vCPU threads killed in the middle: their hypervisor is as good as new.
step_killed() {
    start load --device $A --guests 2 --cpu 0 || return
    kill -KILL $started
    # The shell tells of a killed job.
    wait $started 2>/dev/null
    vmx_idle
    checked afterwards_ leak --device $B --device $A --guests 1 --cpu 0 --seconds 1
}
step_refusals() {
    checked '' refusals --device $A --device $B
}
# The second CPU goes while guests of both are on it, and comes back.
step_offline() {
    online=/sys/devices/system/cpu/cpu1/online
    start load --device $A --device $B --guests 2 --cpu 0,1,1,0 || return
    expect "CPU 1 goes offline under guests of A and B" sh -c "echo 0 >$online"
    sleep 1
    expect "CPU 1 comes back" sh -c "echo 1 >$online"
    sleep 1
    finish guests_
}
# At the end nothing is left, and the distribution's own KVM works as ever.
step_unload() {
    unload twinhype_a
    unload twinhype_b
    unload twinhype_base
    expect 'no device is left' test ! -e $A -a ! -e $B
    load kvm
    load kvm-intel
    checked stock_ leak --device $A --guests 2 --cpu 0 --seconds 1
    unload kvm_intel
    unload kvm
}

for step in "$@"; do
    held=0 wrong=
    begin=$(cut -d ' ' -f 1 /proc/uptime)
    step_$step
    end=$(cut -d ' ' -f 1 /proc/uptime)
    figure lab_seconds "$(echo "$end - $begin" | bc)"
    if [ -z "$wrong" ]; then
        echo "result $step ok $held checks held"
    else
        failures=$((failures + 1))
        echo "result $step FAILED $wrong"
    fi
done
[ $failures = 0 ]
