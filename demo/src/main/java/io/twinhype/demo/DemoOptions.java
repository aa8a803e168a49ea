package io.twinhype.demo;

import io.twinhype.twin.KernelSeries;
import java.nio.file.Path;
import java.util.List;

/**
 * How the demo is to be run.
 *
 * @param kernel of the lab, the hypervisors and the guests
 * @param out directory for {@code report.json} and logs, made if missing
 * @param method how VMs are moved
 * @param fault what to break on purpose
 * @param comparedMemory sizes of the guests, in MiB, by which graft and handoff are compared with live migration
 *     over TCP; empty for none
 * @param comparedRuns migrations by each method and size
 */
public record DemoOptions(
        KernelSeries kernel,
        Path out,
        DemoMethod method,
        DemoFault fault,
        List<Integer> comparedMemory,
        int comparedRuns) {
    public DemoOptions {
        comparedMemory = List.copyOf(comparedMemory);
    }
}
