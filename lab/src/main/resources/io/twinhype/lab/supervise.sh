# The lab's first program after init.sh: mounts what a system needs, runs the one command, passes its output and its
# exit status to the host, powers off. Descriptor 9 is the control port.
/run/twinhype/busybox --install -s /run/twinhype/bin
export PATH=/run/twinhype/bin

stop() {
    echo "twinhype-lab: failed: $1" >/dev/kmsg
    echo "failed $1" >&9
    off
}
off() {
    echo o >/proc/sysrq-trigger
    sleep 60
}
port() {
    for name in /sys/class/virtio-ports/*/name; do
        if [ "$(cat "$name")" = "$1" ]; then
            name=${name%/name}
            port=/dev/${name##*/}
            return
        fi
    done
    stop "the port $1 to the host is missing"
}

. /run/twinhype/settings

mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
# Guests have their RAM there: not just the half of the lab's memory that is the default.
mount -t tmpfs -o mode=1777,size=90% shm /dev/shm
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
ln -sf /proc/self/mounts /etc/mtab
ip link set lo up
hostname lab

# The results directory is at its own path, so that a command means the same file here and on the host.
# cache=mmap: nothing written stays behind in this kernel, and a file can still be mapped shared.
mkdir -p "$LAB_OUT"
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=mmap results "$LAB_OUT" ||
    stop "the results directory cannot be mounted over 9p"
cd "$DIRECTORY" || stop "the working directory $DIRECTORY is not visible in it"

if [ "$TERMINAL" = yes ]; then
    # Held open: a terminal that nobody has open forgets its size.
    exec 8<>/dev/hvc0
    stty -F /dev/hvc0 rows "$ROWS" cols "$COLUMNS"
    # The host says when the user's terminal changes its size.
    while read -r rows columns; do stty -F /dev/hvc0 rows "$rows" cols "$columns"; done <&9 9>&- &
    echo running >&9
    setsid -c sh /run/twinhype/command </dev/hvc0 >/dev/hvc0 2>&1 8>&- 9>&-
    status=$?
else
    # The command gets pipes, not the ports themselves: a port can be open only once, so /dev/stdout would not open.
    mkfifo /run/twinhype/stdout /run/twinhype/stderr
    port twinhype.stdout
    cat </run/twinhype/stdout >"$port" 9>&- &
    out=$!
    port twinhype.stderr
    cat </run/twinhype/stderr >"$port" 9>&- &
    err=$!
    echo running >&9
    # Not in the background, where a shell has its commands ignore SIGINT.
    setsid sh /run/twinhype/command </dev/null >/run/twinhype/stdout 2>/run/twinhype/stderr 9>&-
    status=$?
fi
# The log's end, by which the host knows that it has all of it.
echo "twinhype-lab: the command ended" >/dev/kmsg
echo "exited $status" >&9

# Whatever the command left running ends now, so that the pipes come to their end and the results are complete.
# Twice: a process may have forked while the first round was on.
for _ in 1 2; do
    for process in /proc/[0-9]*; do
        process=${process#/proc/}
        case $process in
        1 | "$out" | "$err") ;;
        *) kill -9 "$process" 2>/dev/null ;;
        esac
    done
done
[ -n "$out" ] && wait "$out" "$err"
cd /
sync
umount "$LAB_OUT" 2>/dev/null
echo drained >&9
off
