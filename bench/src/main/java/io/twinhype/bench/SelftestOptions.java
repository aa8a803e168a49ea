package io.twinhype.bench;

import io.twinhype.twin.KernelSeries;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Which of the kernel's KVM selftests are run, and how.
 *
 * @param series the kernel: the tests are its own, too
 * @param only names of tests, with or without their directory; empty for all
 * @param limit after which a test is ended
 * @param out directory for {@code selftests.json}, {@code selftests.md} and what each test said
 */
public record SelftestOptions(KernelSeries series, List<String> only, Duration limit, Path out) {
    public SelftestOptions {
        only = List.copyOf(only);
        if (limit.toSeconds() < 1) {
            throw new IllegalArgumentException("A test needs a time limit of at least a second.");
        }
    }
}
