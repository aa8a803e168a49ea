package io.twinhype.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.demo.DemoReport.ComparisonRow;
import io.twinhype.demo.ExperimentPlan.Build;
import io.twinhype.demo.ExperimentPlan.ComparisonPlan;
import io.twinhype.demo.ExperimentPlan.Slot;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What goes to the lab and back is the same there and back, and {@code report.json} has the keys its readers know. */
final class DemoJsonTests {
    private final JsonMapper json = DemoJson.mapper();

    @Test
    void thePlanArrivesAsItWasSent() {
        ExperimentPlan plan = new ExperimentPlan(
                DemoMethod.COPY,
                Path.of("/cache/libtwinhype-graft.so"),
                Path.of("/cache/vmlinuz"),
                Path.of("/cache/initramfs"),
                "/sys/module/probe",
                List.of(
                        new Slot("A", new Build(Path.of("/a0.ko"), "12"), new Build(Path.of("/a1.ko"), "34")),
                        new Slot("B", new Build(Path.of("/b0.ko"), "56"), new Build(Path.of("/b1.ko"), "78"))),
                DemoFault.DESTINATION_DIES,
                List.of(new ComparisonPlan(256, 7)));
        assertThat(json.readValue(json.writeValueAsString(plan), ExperimentPlan.class))
                .isEqualTo(plan);
    }

    @Test
    void theOutcomeArrivesAsItWasSent() {
        ExperimentOutcome outcome = Outcomes.good();
        assertThat(json.readValue(json.writeValueAsString(outcome), ExperimentOutcome.class))
                .isEqualTo(outcome);
    }

    @Test
    void theReportHasTheKeysItsReadersKnow() {
        ExperimentOutcome outcome = Outcomes.good();
        DemoReport report = new DemoReport(
                true,
                List.of(),
                "A fix",
                outcome.migrations(),
                outcome.hypervisors(),
                outcome.guests(),
                outcome.steps(),
                List.of(new ComparisonRow("tcp", 256, 7, 80.5, 99.5, 2000.5, 300_000_000, 600_000_000)),
                List.of(),
                182.4,
                Map.of("labKernel", "6.1.0-56-amd64"));
        String text = json.writeValueAsString(report);
        assertThat(json.readValue(text, DemoReport.class)).isEqualTo(report);
        JsonNode tree = json.readTree(text);
        assertThat(tree.propertyNames())
                .containsExactlyInAnyOrder(
                        "success",
                        "problems",
                        "fix",
                        "migrations",
                        "hypervisors",
                        "guests",
                        "steps",
                        "comparisons",
                        "kernelComplaints",
                        "totalSeconds",
                        "environment");
        assertThat(keys(tree, "migrations"))
                .containsExactlyInAnyOrder(
                        "vm",
                        "from",
                        "to",
                        "method",
                        "pauseMillis",
                        "qemuDowntimeMillis",
                        "socketBytes",
                        "networkBytes",
                        "outcome",
                        "graft");
        assertThat(tree.path("migrations").path(0).path("graft").propertyNames())
                .containsExactlyInAnyOrder(
                        "prepareMillis",
                        "pauseMillis",
                        "parkMillis",
                        "detachMillis",
                        "readMillis",
                        "writeMillis",
                        "attachMillis",
                        "exchangeMillis",
                        "releaseMillis",
                        "teardownMillis");
        assertThat(keys(tree, "hypervisors"))
                .containsExactlyInAnyOrder(
                        "name",
                        "device",
                        "buildBefore",
                        "buildAfter",
                        "patchedBefore",
                        "patchedAfter",
                        "usersWhenEmptied");
        assertThat(keys(tree, "guests"))
                .containsExactlyInAnyOrder(
                        "vm",
                        "lived",
                        "beatsSent",
                        "beatsReceived",
                        "beatsLost",
                        "beatsDoubled",
                        "longestGapMillis",
                        "checks",
                        "errors",
                        "sawFixBefore",
                        "sawFixAfter",
                        "pidBefore",
                        "pidAfter");
        assertThat(keys(tree, "steps")).containsExactlyInAnyOrder("step", "seconds");
        JsonNode first = tree.path("migrations").path(0);
        assertThat(first.path("pauseMillis").asDouble()).isEqualTo(41.5);
        assertThat(first.path("networkBytes").asLong(-1)).isZero();
        assertThat(tree.path("totalSeconds").asDouble()).isEqualTo(182.4);
    }

    private static Iterable<String> keys(JsonNode tree, String list) {
        return tree.path(list).path(0).propertyNames();
    }
}
