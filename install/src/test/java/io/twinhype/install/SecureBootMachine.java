package io.twinhype.install;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

/**
 * A machine with Secure Boot on: QEMU's emulation, Debian's OVMF firmware with the "snakeoil" key of its package enrolled
 * (whose private half is in the package, too, for tests), and a Debian kernel that is signed with it.
 *
 * @param directory for what the machine is made of
 * @param kernel a kernel's image
 */
record SecureBootMachine(Path directory, Path kernel) {
    static final Path CERTIFICATE = Path.of("/usr/share/ovmf/PkKek-1-snakeoil.pem");
    private static final Path LOCKED_KEY = Path.of("/usr/share/ovmf/PkKek-1-snakeoil.key");
    private static final Path CODE = Path.of("/usr/share/OVMF/OVMF_CODE_4M.snakeoil.fd");
    private static final Path VARIABLES = Path.of("/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd");

    /** Seen: 10 s on an idle machine. */
    private static final int LIMIT_SECONDS = 240;

    static boolean canBeMade() {
        return Files.exists(VARIABLES) && TestHost.succeeds("command -v sbsign && command -v qemu-system-x86_64");
    }

    /** The key that the firmware trusts. */
    Path key() throws Exception {
        Path key = directory.resolve("snakeoil.key");
        said("openssl pkey -passin pass:snakeoil -in " + LOCKED_KEY + " -out " + key);
        return key;
    }

    /** Boots, runs a script of busybox with files in /files, and returns what it wrote. */
    String run(String script, Map<String, Path> files) throws Exception {
        Path image = directory.resolve("vmlinuz.signed");
        said("sbsign --key " + key() + " --cert " + CERTIFICATE + " --output " + image + " " + kernel);
        Path variables = Files.copy(VARIABLES, directory.resolve("variables.fd"));
        Path initramfs = Files.write(directory.resolve("initramfs"), initramfs(script, files));
        Path console = directory.resolve("console");
        Process qemu = new ProcessBuilder(List.of(
                        "setpriv",
                        "--pdeathsig",
                        "KILL",
                        "qemu-system-x86_64",
                        "-nodefaults",
                        "-no-user-config",
                        "-M",
                        "q35,smm=on",
                        "-accel",
                        "tcg",
                        "-cpu",
                        "max",
                        "-m",
                        "1024",
                        "-display",
                        "none",
                        "-no-reboot",
                        "-global",
                        "driver=cfi.pflash01,property=secure,value=on",
                        "-drive",
                        "if=pflash,format=raw,unit=0,readonly=on,file=" + CODE,
                        "-drive",
                        "if=pflash,format=raw,unit=1,file=" + variables,
                        "-kernel",
                        image.toString(),
                        "-initrd",
                        initramfs.toString(),
                        "-append",
                        "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check",
                        "-serial",
                        "file:" + console))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("qemu").toFile())
                .start();
        try {
            if (!qemu.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("the machine did not end: " + Files.readString(console, UTF_8));
            }
        } finally {
            qemu.destroyForcibly();
        }
        // A serial console ends its lines with CR LF.
        String all = Files.readString(console, java.nio.charset.StandardCharsets.ISO_8859_1)
                .replace("\r", "");
        int start = all.indexOf("BEGIN\n");
        int end = all.indexOf("END\n");
        if (start < 0 || end < 0) {
            throw new AssertionError("the script did not run: " + all + Files.readString(directory.resolve("qemu")));
        }
        return all.substring(start + "BEGIN\n".length(), end);
    }

    private static byte[] initramfs(String script, Map<String, Path> files) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (CpioArchiveOutputStream cpio = new CpioArchiveOutputStream(bytes, CpioConstants.FORMAT_NEW)) {
            List<String> directories = new ArrayList<>(List.of("bin", "dev", "proc", "sys", "files"));
            for (String name : directories) {
                add(cpio, name, CpioConstants.C_ISDIR | 0755, new byte[0]);
            }
            add(
                    cpio,
                    "bin/busybox",
                    CpioConstants.C_ISREG | 0755,
                    Files.readAllBytes(Path.of(said("command -v busybox").strip())));
            for (Map.Entry<String, Path> file : files.entrySet()) {
                add(cpio, "files/" + file.getKey(), CpioConstants.C_ISREG | 0644, Files.readAllBytes(file.getValue()));
            }
            String init = """
                    #!/bin/busybox sh
                    /bin/busybox --install -s /bin
                    export PATH=/bin
                    mount -t proc proc /proc
                    mount -t sysfs sysfs /sys
                    mount -t devtmpfs dev /dev
                    mount -t securityfs securityfs /sys/kernel/security
                    # Only what the script says is to be on the console.
                    dmesg -n 1
                    insmod /files/efivarfs.ko
                    mount -t efivarfs efivarfs /sys/firmware/efi/efivars
                    echo BEGIN
                    """ + script + """
                    echo END
                    sync
                    echo o >/proc/sysrq-trigger
                    sleep 60
                    """;
            add(cpio, "init", CpioConstants.C_ISREG | 0755, init.getBytes(UTF_8));
        }
        return bytes.toByteArray();
    }

    private static void add(CpioArchiveOutputStream cpio, String name, int mode, byte[] content) throws IOException {
        CpioArchiveEntry entry = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, name, content.length);
        entry.setMode(mode);
        cpio.putArchiveEntry(entry);
        cpio.write(content);
        cpio.closeArchiveEntry();
    }

    private static String said(String command) throws Exception {
        String said = TestHost.run(command);
        if (said.contains("\nstatus ") || said.startsWith("status ")) {
            throw new AssertionError(command + ": " + said);
        }
        return said;
    }
}
