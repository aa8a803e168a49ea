#!/bin/busybox sh
# In a lab under Bochs, with base, A and B loaded: runs the fixture VMM in its variants, changes the hypervisor under it, and
# unloads and loads the one that was left each time; then lets every step fail once. A line each of what came of it, what the
# VMMs said on standard error.
#   intel.sh GRAFTS
export TWINHYPE_GRAFT_DIR=/tmp/graft
mkdir -p $TWINHYPE_GRAFT_DIR

# begin NAME OPTION...
begin() {
    name=$1 grafts=0 faults=0 left=0 here=a there=b device=/dev/kvm2
    shift
    LD_PRELOAD=/trial/graft.so /trial/vmm /dev/kvm --seconds 0 --stall 300 "$@" >/tmp/vmm 2>&1 &
    vmm=$!
    until grep -q '^running 1' /tmp/vmm; do
        kill -0 $vmm 2>/dev/null || break
        usleep 100000
    done
}
order() {
    /trial/order $TWINHYPE_GRAFT_DIR $vmm "$@"
}
moved() {
    grafts=$((grafts + 1))
    left=$((left + $(cat /sys/module/twinhype_$here/refcnt)))
    rmmod twinhype_$here && insmod /trial/twinhype_$here.ko || left=$((left + 1))
    case $here in
    a) here=b there=a device=/dev/kvm ;;
    *) here=a there=b device=/dev/kvm2 ;;
    esac
}
# graft TIMES
graft() {
    for i in $(seq $1); do
        if order 'graft timeout_ms=10000' $device >/tmp/answer; then moved; else cat /tmp/answer >&2; fi
    done
}
end() {
    kill -TERM $vmm
    wait $vmm
    status=$?
    cat /tmp/vmm >&2
    echo "$name: status $status, grafts $grafts, left behind $left, faults $faults," \
        "mismatches $(sed -n 's/^mismatches //p' /tmp/vmm), ok $(sed -n 's/^ok //p' /tmp/vmm)"
}

begin 1 --vcpus 1
graft $1
end
begin kicked --vcpus 2 --signals kicked
graft $1
end
begin deadline --vcpus 1 --timer deadline --signals masked
graft $1
for step in $(order steps | sed -n 's/^step //p'); do
    if order "graft timeout_ms=10000 fail=$step" $device >/tmp/answer; then
        moved
    else
        grep -q '^failed' /tmp/answer && faults=$((faults + 1))
        left=$((left + $(cat /sys/module/twinhype_$there/refcnt)))
    fi
done
graft 2
end
