package io.twinhype.lab;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * QEMU's arguments for a lab (qemu-system-x86_64(1)): an emulated q35 machine whose CPU model {@code max} has SVM with nested
 * paging under TCG, this machine's files over 9p, and ports for the command's output.
 */
record Machine(
        LabSpec spec, Path kernel, Path initramfs, Path out, Path consoleLog, List<Port> ports, boolean terminal) {
    List<String> arguments() {
        List<String> arguments = new ArrayList<>(List.of(
                "-nodefaults",
                "-no-user-config",
                "-M",
                "q35",
                "-accel",
                switch (spec.clock()) {
                    // Two CPUs in parallel are more than QEMU's emulation of SVM can do (docs/adr/0008).
                    case REAL_TIME -> spec.cpus() == 1 ? "tcg,thread=multi" : "tcg,thread=single";
                    // Instructions are counted in one thread only.
                    case INSTRUCTIONS -> "tcg,thread=single";
                },
                "-cpu",
                "max",
                "-smp",
                Integer.toString(spec.cpus()),
                "-m",
                Integer.toString(spec.memoryMebibytes()),
                "-display",
                "none",
                "-no-reboot",
                "-kernel",
                kernel.toString(),
                "-initrd",
                initramfs.toString(),
                "-append",
                // ignore_loglevel: the log gets every message, also when something in the lab asks for silence.
                // no_timer_check: on a busy host the emulated timer may not tick in time, which is a panic otherwise.
                "console=ttyS0,115200 ignore_loglevel panic=-1 mitigations=off no_timer_check"));
        if (spec.clock() == LabClock.INSTRUCTIONS) {
            add(arguments, "-icount", "shift=0,sleep=off");
        }
        add(arguments, "-chardev", "file,id=console,path=" + option(consoleLog));
        add(arguments, "-serial", "chardev:console");
        add(arguments, "-virtfs", share(option(Path.of("/")), "host") + ",readonly=on");
        add(arguments, "-virtfs", share(option(out), "results"));
        add(arguments, "-device", "virtio-serial-pci");
        for (Port port : ports) {
            add(arguments, "-chardev", "socket,id=" + port.name() + ",path=" + option(port.socket()));
            boolean console = terminal && port.name().equals(Lab.TERMINAL);
            add(
                    arguments,
                    "-device",
                    (console ? "virtconsole" : "virtserialport") + ",chardev=" + port.name() + ",name=twinhype."
                            + port.name());
        }
        return arguments;
    }

    private static void add(List<String> arguments, String option, String value) {
        arguments.add(option);
        arguments.add(value);
    }

    private static String share(String path, String tag) {
        return "local,path=" + path + ",mount_tag=" + tag + ",security_model=none,multidevs=remap";
    }

    /** In QEMU's option lists a comma in a value is written twice. */
    private static String option(Path path) {
        return path.toString().replace(",", ",,");
    }
}
