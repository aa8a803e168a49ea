package io.twinhype.bench;

import io.twinhype.engine.Host;
import io.twinhype.engine.HostSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.json.JsonMapper;

/** The half in the lab: reads the plan, moves the guests, writes the outcome after each of them. */
final class MigrateMain {
    private MigrateMain() {}

    /**
     * Performs the plan.
     *
     * @param arguments the plan's file and the outcome's
     */
    public static void main(String[] arguments) throws Exception {
        JsonMapper json = JsonMapper.builder().build();
        MigratePlan plan = json.readValue(Path.of(arguments[0]).toFile(), MigratePlan.class);
        Path outcome = Path.of(arguments[1]);
        // Short, for UNIX sockets, and gone with the lab.
        Path directory = Files.createTempDirectory(Path.of("/tmp"), "th");
        var collector = new MigrateOutcome.Collector();
        collector.environment("labKernel", System.getProperty("os.version"));
        HostSettings settings = HostSettings.temporary(directory).withGraftLibrary(plan.library());
        try (Host host = Host.open(settings)) {
            for (MigratePart part : plan.parts()) {
                new MigrateTrial(plan, part, host, directory, collector, System.out).run();
                json.writeValue(outcome, collector.outcome());
            }
        }
    }
}
