package io.twinhype.soak;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Writes the command line of a case's QEMU, and prepares what it needs of the lab. */
final class GraftLaunch {
    /** A memory that leaves room for twinhype.dirty_mib, MiB. */
    static final int MEMORY_MEBIBYTES = 192;

    /** Everything that emulation and KVM under it have; SVM is left out because nested guests are another matter. */
    private static final String CPU = "max,-svm";

    private static final String TAP = "grafttap";

    /** With the files of a Debian 13 in place of this machine's programs and libraries; everything else stays where it is. */
    private static final String IN_DEBIAN_13 = """
            set -e
            root=$1
            shift
            mount --bind "$root/etc/ld.so.cache" /etc/ld.so.cache 2>/dev/null || true
            mount --bind "$root/usr" /usr
            exec "$@"
            """;

    /** As another user, in a mount namespace whose /dev has what libvirt gives (cgroup_device_acl in its qemu.conf). */
    private static final String AS_LIBVIRT = """
            set -e
            mkdir -p /run/libvirt-dev
            mount -t tmpfs -o mode=755 dev /run/libvirt-dev
            mkdir /run/libvirt-dev/net
            for each in null full zero random urandom ptmx kvm vhost-net net/tun; do
                : >/run/libvirt-dev/$each
                mount --bind /dev/$each /run/libvirt-dev/$each
            done
            mount --rbind /run/libvirt-dev /dev
            test ! -e /dev/kvm2
            exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all -- "$@"
            """;

    /** Every option that libvirt sets (qemuBuildSeccompSandboxCommandLine). */
    private static final List<String> SANDBOX =
            List.of("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");

    private final GraftPlan plan;

    GraftLaunch(GraftPlan plan) {
        this.plan = plan;
    }

    /** Makes the network that a case needs. */
    static void prepare(GraftCase each) throws SoakException, InterruptedException {
        if (each.streams()) {
            tap(each.disturbance() == GraftCase.Disturbance.LIBVIRT);
        }
    }

    /** Starts the VM of a case. */
    GraftVmm start(GraftCase each, GraftGuest guest, Path directory)
            throws IOException, SoakException, InterruptedException {
        return start(each, guest, directory, List.of());
    }

    /** Starts a second process for the VM of a case, which waits for it at a socket. */
    GraftVmm successor(GraftCase each, GraftGuest guest, Path directory, Path socket)
            throws IOException, SoakException, InterruptedException {
        return start(each, guest, directory, List.of("-incoming", "unix:" + socket));
    }

    private GraftVmm start(GraftCase each, GraftGuest guest, Path directory, List<String> more)
            throws IOException, SoakException, InterruptedException {
        boolean libvirt = each.disturbance() == GraftCase.Disturbance.LIBVIRT;
        Path listening = Files.createDirectories(directory.resolve("graft"));
        List<String> command = new ArrayList<>();
        GraftPlan readable = libvirt ? copies(directory) : plan;
        if (libvirt) {
            open(directory);
            command.addAll(List.of("unshare", "--mount", "sh", "-c", AS_LIBVIRT, "as-libvirt"));
        }
        if (each.vmm() == GraftCase.Vmm.DEBIAN_13) {
            command.addAll(List.of("unshare", "--mount", "sh", "-c", IN_DEBIAN_13, "in-debian-13", plan.debian13()));
        }
        command.addAll(List.of("env", "LD_PRELOAD=" + readable.library(), "TWINHYPE_GRAFT_DIR=" + listening));
        command.addAll(arguments(readable, each, guest, directory));
        command.addAll(more);
        if (libvirt) {
            command.addAll(SANDBOX);
        }
        return GraftVmm.start(each.name(), command, directory);
    }

    private static List<String> arguments(GraftPlan plan, GraftCase each, GraftGuest guest, Path directory) {
        List<String> words = new ArrayList<>(List.of("qemu-system-x86_64", "-no-user-config", "-nodefaults"));
        add(words, "-display none -accel kvm -cpu " + CPU + " -m " + MEMORY_MEBIBYTES + " -smp " + each.vcpus());
        add(words, "-chardev socket,id=qmp,server=on,wait=off,path=" + directory.resolve("qmp"));
        add(words, "-mon chardev=qmp,mode=control");
        add(words, "-chardev file,id=console,path=" + directory.resolve("console.log") + " -serial chardev:console");
        add(words, "-chardev socket,id=beat,path=" + guest.heartbeat().socket());
        add(words, "-blockdev driver=raw,node-name=first,file.driver=file,file.filename=" + guest.first());
        add(words, "-blockdev driver=raw,node-name=log,file.driver=file,file.filename=" + guest.log());
        Map<String, String> filled = Map.of("{tap}", TAP, "{iso}", plan.loader());
        for (String word : each.qemu()) {
            String whole = word;
            for (Map.Entry<String, String> name : filled.entrySet()) {
                whole = whole.replace(name.getKey(), name.getValue());
            }
            words.add(whole);
        }
        add(words, "-device virtserialport,chardev=beat,name=org.twinhype.heartbeat");
        if (each.boot() != GraftCase.Boot.LOADER) {
            words.addAll(List.of(
                    "-kernel",
                    plan.kernel().toString(),
                    "-initrd",
                    plan.initramfs().toString()));
            words.addAll(List.of("-append", guest.arguments()));
        }
        return words;
    }

    private static void add(List<String> words, String more) {
        words.addAll(List.of(more.split(" ")));
    }

    /** A network interface of the lab that QEMU may open, owned by nobody if it runs as nobody. */
    private static void tap(boolean unprivileged) throws SoakException, InterruptedException {
        run("ip", "link", "set", "lo", "up");
        if (Files.exists(Path.of("/sys/class/net", TAP))) {
            run("ip", "tuntap", "del", "dev", TAP, "mode", "tap");
        }
        List<String> make = new ArrayList<>(List.of("ip", "tuntap", "add", "dev", TAP, "mode", "tap"));
        if (unprivileged) {
            make.addAll(List.of("user", "nobody"));
        }
        run(make.toArray(String[]::new));
        run("ip", "addr", "add", GraftGuest.HERE + "/24", "dev", TAP);
        run("ip", "link", "set", TAP, "up");
    }

    /** A user's cache is nobody's business. */
    private GraftPlan copies(Path directory) throws IOException {
        return new GraftPlan(
                Files.copy(plan.library(), directory.resolve("libtwinhype-graft.so")),
                Files.copy(plan.kernel(), directory.resolve("vmlinux")),
                Files.copy(plan.initramfs(), directory.resolve("initramfs")),
                plan.loader(),
                plan.debian13(),
                plan.a(),
                plan.b(),
                plan.cases());
    }

    /** What nobody's QEMU has to write, and the device libvirt would hand to it. */
    private static void open(Path directory) throws IOException {
        for (Path each : List.of(Path.of("/dev/kvm"), Path.of("/dev/vhost-net"), Path.of("/dev/net/tun"))) {
            Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rw-rw-rw-"));
        }
        try (var files = Files.walk(directory)) {
            for (Path each : files.toList()) {
                Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxrwxrwx"));
            }
        }
    }

    private static void run(String... command) throws SoakException, InterruptedException {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new SoakException(String.join(" ", command) + " failed in the lab: " + said.strip());
            }
        } catch (IOException missing) {
            throw new SoakException("Cannot run " + command[0] + ": install the Debian package iproute2", missing);
        }
    }
}
