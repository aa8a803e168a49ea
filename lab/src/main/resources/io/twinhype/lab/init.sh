#!/bin/busybox sh
# The lab's first program, from the initramfs: loads drivers, loads the modules under test, lays a throw-away overlay
# over the host's files and hands on to supervise.sh in there. Everything it says goes to the console log.
# What it is to do is in /lab: drivers (file names, in order), modules (file name and parameters, in order), settings.
/bin/busybox mkdir -p /proc /sys /dev /host /writable /new
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
echo 'twinhype-lab: first program runs' >/dev/kmsg

stop() {
    echo "twinhype-lab: failed: $1" >/dev/kmsg
    [ -n "$control" ] && echo "failed $1" >&9
    sleep 1
    echo o >/proc/sysrq-trigger
    sleep 60
}

while read -r file; do
    insmod "/lab/ko/$file" || stop "its own driver $file does not load"
done </lab/drivers

# The kernel learns the ports' names from QEMU a moment after the driver is loaded.
port() {
    tries=0
    while [ $tries -lt 100 ]; do
        for name in /sys/class/virtio-ports/*/name; do
            if [ "$(cat "$name" 2>/dev/null)" = "$1" ]; then
                name=${name%/name}
                port=/dev/${name##*/}
                return
            fi
        done
        sleep 0.05
        tries=$((tries + 1))
    done
    stop "the port $1 to the host is missing"
}
port twinhype.control
exec 9<>"$port"
control=$port

. /lab/settings

while read -r file parameters; do
    echo "twinhype-lab: loading $file" >/dev/kmsg
    # Parameters are separate words to insmod, hence unquoted.
    if ! reason=$(insmod "/lab/ko/$file" $parameters 2>&1); then
        echo "refused ${file#*-} $(echo "$reason" | tr '\n' ' ')" >&9
        sleep 1
        echo o >/proc/sysrq-trigger
        sleep 60
    fi
done </lab/modules

mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro host /host ||
    stop "the host's files cannot be mounted over 9p"
mount -t tmpfs -o size=75%,mode=755 writable /writable
mkdir /writable/upper /writable/work
mount -t overlay -o lowerdir=/host,upperdir=/writable/upper,workdir=/writable/work root /new ||
    stop "the overlay over the host's files cannot be mounted"
mkdir -p /new/proc /new/sys /new/dev /new/run /new/tmp
chmod 1777 /new/tmp
mount -t proc proc /new/proc
mount -t sysfs sysfs /new/sys
mount -t devtmpfs devtmpfs /new/dev
mount -t tmpfs -o mode=755 run /new/run
mkdir -p /new/run/twinhype/bin /new/run/lock
cp /bin/busybox /lab/settings /lab/command /lab/supervise.sh /new/run/twinhype/
umount /proc /sys
exec switch_root /new /run/twinhype/busybox sh /run/twinhype/supervise.sh
