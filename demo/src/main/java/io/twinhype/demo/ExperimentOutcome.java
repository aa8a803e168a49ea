package io.twinhype.demo;

import io.twinhype.demo.DemoReport.ComparisonRow;
import io.twinhype.demo.DemoReport.GuestRow;
import io.twinhype.demo.DemoReport.HypervisorRow;
import io.twinhype.demo.DemoReport.MigrationRow;
import io.twinhype.demo.DemoReport.StepRow;
import java.util.List;
import java.util.Map;

/** What the lab's half of the demo found out, as JSON on its way back to the host's half. See {@link DemoReport}. */
record ExperimentOutcome(
        List<String> problems,
        List<MigrationRow> migrations,
        List<HypervisorRow> hypervisors,
        List<GuestRow> guests,
        List<StepRow> steps,
        List<ComparisonRow> comparisons,
        Map<String, String> environment) {
    ExperimentOutcome {
        problems = List.copyOf(problems);
        migrations = List.copyOf(migrations);
        hypervisors = List.copyOf(hypervisors);
        guests = List.copyOf(guests);
        steps = List.copyOf(steps);
        comparisons = List.copyOf(comparisons);
        environment = Map.copyOf(environment);
    }
}
