package io.twinhype.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;

/** The lab's half of the soak of grafts: does the plan's cases, and writes what each came to as soon as it is known. */
final class GraftSoakMain {
    private GraftSoakMain() {}

    /**
     * Does the cases.
     *
     * @param arguments the plan's file, and a directory for the outcomes: NAME.json, and NAME/ with the logs of one that failed
     */
    public static void main(String[] arguments) throws Exception {
        // A busy host may not run the lab for a minute (seen also with stock KVM), which the lab's kernel takes for its own fault.
        Files.writeString(Path.of("/proc/sys/kernel/watchdog_thresh"), "60");
        Files.writeString(Path.of("/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout"), "300");
        GraftPlan plan = GraftJson.read(Path.of(arguments[0]), GraftPlan.class);
        Path out = Path.of(arguments[1]);
        for (GraftCase each : plan.cases()) {
            // Short, for UNIX sockets, and gone with the lab.
            Path directory = Files.createTempDirectory(Path.of("/tmp"), "g");
            GraftOutcome outcome = new GraftTrial(plan, each, directory).run();
            if (!outcome.ok()) {
                keep(directory, Files.createDirectories(out.resolve(each.name())));
            }
            GraftJson.write(out.resolve(each.name() + ".json"), outcome);
            System.out.println(each.name() + (outcome.ok() ? " ok, " : " FAILED, ") + outcome.grafts() + " grafts, "
                    + outcome.seconds() + " s");
            outcome.problems().forEach(problem -> System.out.println("  " + problem));
        }
    }

    private static void keep(Path directory, Path out) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".log")).toList()) {
                Files.copy(file, out.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}
