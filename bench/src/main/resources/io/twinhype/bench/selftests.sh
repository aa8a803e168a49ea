# The half of `twinhype bench selftests` that runs in the lab: sh selftests.sh DEVICE MODULE SECONDS PROGRAMS LIST RESULTS
# runs the tests of a list (a line each: name and arguments) on the hypervisor behind DEVICE, which is MODULE (- for stock
# KVM). Appends "begin NAME", then "end NAME STATUS MILLISECONDS" to RESULTS; what a test says goes to NAME.log beside it.
device=$1 module=$2 seconds=$3 programs=$4 list=$5 results=$6
PATH=/usr/sbin:/usr/bin:/sbin:/bin
directory=${results%/*}
mkdir -p /run/selftests/module /run/selftests/bin

# The tests open /dev/kvm and nothing else.
[ "$device" = /dev/kvm ] || mount --bind "$device" /dev/kvm

# They look for KVM's parameters where stock KVM has them: kvm and kvm_amd are one module in ours, under its own name.
if [ "$module" != - ]; then
    mkdir /run/selftests/real
    mount --bind /sys/module /run/selftests/real
    for each in /run/selftests/real/*; do ln -s "$each" /run/selftests/module/; done
    for each in kvm kvm_amd; do ln -s "/run/selftests/real/$module" "/run/selftests/module/$each"; done
    mount --bind /run/selftests/module /sys/module
fi

# One test calls sudo, which need not be installed; everything is root here.
printf '#!/bin/sh\nexec "$@"\n' >/run/selftests/bin/sudo
chmod +x /run/selftests/bin/sudo
PATH=$PATH:/run/selftests/bin
cd /tmp || exit

milliseconds() {
    read -r up idle </proc/uptime
    echo "$((${up%.*} * 1000 + 1${up#*.} * 10 - 1000))"
}

while read -r name arguments; do
    echo "begin $name" >>"$results"
    echo "twinhype-selftest: $name" >/dev/kmsg
    log=$directory/$(echo "$name" | tr / _).log
    start=$(milliseconds)
    # Arguments are separate words, hence unquoted.
    timeout --kill-after=5 "$seconds" "$programs/$name" $arguments </dev/null >"$log" 2>&1
    status=$?
    echo "end $name $status $(($(milliseconds) - start))" >>"$results"
done <"$list"
echo "twinhype-selftest: end" >/dev/kmsg
