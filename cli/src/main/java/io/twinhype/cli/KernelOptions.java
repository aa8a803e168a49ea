package io.twinhype.cli;

import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.Progress;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.TwinException;
import picocli.CommandLine.Option;

/** Which kernel a command is about, and where what it needs is fetched and built. */
final class KernelOptions {
    @Option(
            names = "--kernel",
            paramLabel = "SERIES",
            defaultValue = "6.1",
            description = "The kernel series, 6.1 or 6.12 (default: ${DEFAULT-VALUE}).")
    private String series = "6.1";

    KernelSeries series() throws TwinException {
        return KernelSeries.of(series);
    }

    static TwinCache cache() {
        return TwinCache.of(System.getenv());
    }

    static KernelSources sources() throws TwinException {
        return KernelSources.of(System.getenv());
    }

    /** The kernel's packages, fetched if they are not in the cache. */
    KernelTree tree(Progress progress) throws TwinException, InterruptedException {
        return new KernelPackages(cache(), progress).obtain(series());
    }

    static HypervisorBuilder builder(Progress progress) throws TwinException {
        return new HypervisorBuilder(cache(), sources(), progress);
    }
}
