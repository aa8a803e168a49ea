package io.twinhype.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Every line begins with the time, and nothing else is changed. */
final class ElapsedLinesTests {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    @Test
    void everyLineBeginsWithTheTimeSinceTheStart() throws Exception {
        long aMinuteAgo = System.nanoTime() - 60_000_000_000L;
        try (ElapsedLines lines = new ElapsedLines(out, aMinuteAgo)) {
            lines.write("vm1: A → B\n\nend".getBytes(UTF_8));
            lines.write(" of it\n".getBytes(UTF_8));
        }
        List<String> written = out.toString(UTF_8).lines().toList();
        assertThat(written).hasSize(3).allMatch(line -> line.matches("^  6\\d\\.\\d  .*"));
        assertThat(written.stream().map(line -> line.substring(8))).containsExactly("vm1: A → B", "", "end of it");
    }

    @Test
    void stepsAreToldAndKept() throws Exception {
        PrintStream lines = new PrintStream(new ElapsedLines(out, System.nanoTime()), false, UTF_8);
        Narrator narrator = new Narrator(lines);
        narrator.done("Lab booted", 3.94);
        narrator.say("A sentence");
        assertThat(out.toString(UTF_8).lines())
                .hasSize(2)
                .allMatch(line -> line.startsWith("   0."))
                .anyMatch(line -> line.endsWith("  Lab booted (3.9 s)"));
        assertThat(narrator.steps()).containsExactly(new DemoReport.StepRow("Lab booted", 3.94));
    }
}
