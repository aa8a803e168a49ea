package io.twinhype.cli;

import io.twinhype.install.Action;
import io.twinhype.install.InstallReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which host an installation is about. */
final class HostOptions {
    @Option(
            names = "--root",
            paramLabel = "DIR",
            defaultValue = "/",
            description = "The host's root directory (default: ${DEFAULT-VALUE}).")
    private Path root = Path.of("/");

    @Option(names = "--dry-run", description = "Print what would be done, and do nothing.")
    private boolean dryRun;

    Path root() {
        return root.toAbsolutePath().normalize();
    }

    boolean dryRun() {
        return dryRun;
    }

    boolean isThisMachine() {
        return root().equals(root().getRoot());
    }

    static void tell(InstallReport report, PrintWriter out) {
        for (Action action : report.actions()) {
            out.println("  " + action);
        }
        report.notes().forEach(out::println);
    }
}
