#!/bin/busybox sh
# The first and only program of a lab under Bochs: loads the modules under test, runs the one command, passes its output
# through the second and third serial port, says on the console what becomes of it, powers off. The console is the first
# serial port; the kernel itself writes there, so what is said in /dev/kmsg never mixes with its words.
/bin/busybox mkdir -p /proc /sys /dev /tmp /run /root
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t debugfs debugfs /sys/kernel/debug
mkdir -p /dev/shm
mount -t tmpfs shm /dev/shm
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr

say() {
    echo "twinhype-lab: $1" >/dev/kmsg
}
off() {
    poweroff -f
    sleep 60
}
say 'first program runs'
# Whatever the kernel's rate limits would drop of a test's own words.
echo on >/proc/sys/kernel/printk_devkmsg

. /lab/settings
online=$(nproc)
if [ "$online" != "$CPUS" ]; then
    say "failed: $online of its $CPUS CPUs came up"
    off
fi
for port in ttyS1 ttyS2; do
    if ! stty -F /dev/$port 115200 raw -echo clocal; then
        say "failed: its serial port $port is missing"
        off
    fi
done

while read -r file parameters; do
    say "loading $file"
    # Parameters are separate words to insmod, hence unquoted.
    if ! reason=$(insmod "/lab/ko/$file" $parameters 2>&1); then
        say "refused ${file#*-} $(echo "$reason" | tr '\n' ' ')"
        off
    fi
done </lab/modules

say running
cd /root
setsid sh /lab/command </dev/null >/dev/ttyS1 2>/dev/ttyS2
status=$?
# Whatever the command left running ends now, so that all of its output is out before the power is.
for process in /proc/[0-9]*; do
    [ "${process#/proc/}" = 1 ] || kill -9 "${process#/proc/}" 2>/dev/null
done
say "exited $status"
off
