package io.twinhype.demo;

import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.json.JsonMapper;

/**
 * The demo's half in the lab: reads the plan, performs the experiment, writes the outcome. A program of its own, since the
 * lab's emulated processor would take seconds to set up the command line.
 */
final class ExperimentMain {
    private ExperimentMain() {}

    /**
     * Performs the plan.
     *
     * @param arguments the plan's file and the outcome's
     */
    public static void main(String[] arguments) throws Exception {
        JsonMapper json = DemoJson.mapper();
        ExperimentPlan plan = json.readValue(Path.of(arguments[0]).toFile(), ExperimentPlan.class);
        // Short, for UNIX sockets, and gone with the lab.
        Path directory = Files.createTempDirectory(Path.of("/tmp"), "th");
        Path outcomeFile = Path.of(arguments[1]);
        ExperimentOutcome outcome = new Experiment(
                        plan, directory, outcomeFile.resolveSibling(GuestLogs.DIRECTORY), new Narrator(System.out))
                .run();
        json.writeValue(outcomeFile.toFile(), outcome);
    }
}
