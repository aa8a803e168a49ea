# The half of `twinhype bench exits` that runs in the lab: loads hypervisors in turn and counts exits on each of them.
# sh exits.sh ROUNDS EXITS REPEATS PROGRAM DYNAMIC LIBRARY BASE A B STOCK...; prints "round N CONFIGURATION", then the
# program's lines. "plain" and "preloaded" are the same program linked dynamically, on A, without and with the graft library.
set -e
PATH=/usr/sbin:/usr/bin:/sbin:/bin
rounds=$1 exits=$2 repeats=$3 program=$4 dynamic=$5 library=$6 base=$7 a=$8 b=$9
shift 9
sockets=$(mktemp -d)

load() {
    for module in "$@"; do insmod "$module"; done
}

measure() {
    echo "round $round $1"
    "$program" "$2" "$3" "$exits" "$repeats"
}

for round in $(seq "$rounds"); do
    load "$@"
    measure stock /dev/kvm /dev/kvm
    rmmod kvm_amd kvm
    load "$base" "$a"
    measure A /dev/kvm /dev/kvm
    echo "round $round plain"
    "$dynamic" /dev/kvm /dev/kvm "$exits" "$repeats" threads
    echo "round $round preloaded"
    LD_PRELOAD=$library TWINHYPE_GRAFT_DIR=$sockets "$dynamic" /dev/kvm /dev/kvm "$exits" "$repeats" threads
    load "$b"
    measure AB /dev/kvm /dev/kvm2
    rmmod twinhype_b twinhype_a twinhype_base
done
