package io.twinhype.lab;

import java.nio.file.Path;
import java.util.List;

/**
 * Bochs' configuration for a lab, and its command line (bochsrc(5), bochs(1)). Names without a directory are in the
 * directory that Bochs is started in.
 */
record BochsMachine(BochsTools tools, BochsSpec spec) {
    static final String IMAGE = "lab.iso";
    static final String CONSOLE = "console";
    static final String STDOUT = "stdout";
    static final String STDERR = "stderr";
    static final String LOG = "bochs.log";
    static final String SETTINGS = "bochsrc";

    /** What Debian's Bochs, which has its debugger built in, is to do first: go on. */
    static final String DEBUGGER_COMMANDS = "commands";

    /** What Bochs does on an ordinary processor; what it claims decides how fast the emulated clocks run. */
    private static final int INSTRUCTIONS_PER_SECOND = 50_000_000;

    /**
     * The processor has EPT, VPIDs, unrestricted guests and AVX. Newer models of Bochs have sizes in CPUID leaf 0xd that
     * Linux warns of, after which it does without AVX (seen: corei7_skylake_x).
     */
    private static final String PROCESSOR = "broadwell_ult";

    String settings() {
        return String.join(
                "\n",
                "config_interface: textconfig",
                "display_library: term",
                "cpu: model=" + PROCESSOR + ", count=" + spec.cpus() + ", ips=" + INSTRUCTIONS_PER_SECOND
                        + ", reset_on_triple_fault=0, ignore_bad_msrs=1",
                "memory: guest=" + spec.memoryMebibytes() + ", host=" + spec.memoryMebibytes(),
                "romimage: file=" + tools.bios(),
                "vgaromimage: file=" + tools.vgaBios(),
                // Emulated time passes with instructions alone, so nothing in the machine times out on a busy host.
                "clock: sync=none, time0=local",
                "pci: enabled=1, chipset=i440fx",
                "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
                "ata0-master: type=cdrom, path=" + IMAGE + ", status=inserted",
                "boot: cdrom",
                "com1: enabled=1, mode=file, dev=" + CONSOLE,
                "com2: enabled=1, mode=file, dev=" + STDOUT,
                "com3: enabled=1, mode=file, dev=" + STDERR,
                // Power-off through ACPI ends Bochs with a panic, as a triple fault does.
                "panic: action=fatal",
                "error: action=ignore",
                "info: action=ignore",
                "debug: action=ignore",
                "log: " + LOG,
                "");
    }

    /**
     * Under script(1), because Bochs' screen wants a terminal. Each process is killed with its parent: Bochs with script,
     * script with the thread of ours that started it.
     */
    List<String> command() {
        String bochs = "TERM=xterm exec "
                + ShellWords.quote(List.of(
                        tools.setpriv().toString(),
                        "--pdeathsig",
                        "KILL",
                        tools.bochs().toString(),
                        "-q",
                        "-f",
                        SETTINGS,
                        "-rc",
                        DEBUGGER_COMMANDS));
        return List.of(
                tools.setpriv().toString(),
                "--pdeathsig",
                "KILL",
                tools.script().toString(),
                "--quiet",
                "--return",
                "--command",
                bochs,
                Path.of("/dev/null").toString());
    }
}
