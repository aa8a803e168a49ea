# The half of `twinhype bench exits` that runs in the lab: loads hypervisors in turn and counts exits on each of them.
# sh exits.sh ROUNDS EXITS REPEATS PROGRAM BASE A B STOCK...; prints "round N CONFIGURATION", then the program's lines.
set -e
PATH=/usr/sbin:/usr/bin:/sbin:/bin
rounds=$1 exits=$2 repeats=$3 program=$4 base=$5 a=$6 b=$7
shift 7

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
    load "$b"
    measure AB /dev/kvm /dev/kvm2
    rmmod twinhype_b twinhype_a twinhype_base
done
