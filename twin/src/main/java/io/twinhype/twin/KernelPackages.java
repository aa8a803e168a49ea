package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Obtains a kernel's image, modules, headers and source in one version as Debian packages, unpacked below the cache. */
public final class KernelPackages {
    private final TwinCache cache;
    private final Progress progress;
    private final PackageStore.MirrorSource mirrors;

    public KernelPackages(TwinCache cache, Progress progress) {
        this(cache, progress, DebianMirror::ofThisMachine);
    }

    KernelPackages(TwinCache cache, Progress progress, PackageStore.MirrorSource mirrors) {
        this.cache = cache;
        this.progress = progress;
        this.mirrors = mirrors;
    }

    /** The cached kernel of a series, fetched if there is none. With a sound cache, no network is used. */
    public KernelTree obtain(KernelSeries series) throws TwinException, InterruptedException {
        return tree(store(series).obtain());
    }

    /**
     * The newest kernel of a series that the mirror has complete; without a mirror, the cached one, every byte of which is
     * checked.
     */
    public KernelTree refresh(KernelSeries series) throws TwinException, InterruptedException {
        return tree(store(series).refresh());
    }

    private PackageStore store(KernelSeries series) {
        return new PackageStore(cache.kernel(series.number()), new Kernel(series), mirrors, progress);
    }

    private static KernelTree tree(PackageStore.Unpacked unpacked) {
        return KernelTree.in(unpacked.root(), unpacked.set());
    }

    private record Kernel(KernelSeries series) implements PackageStore.Contents {
        @Override
        public String noun() {
            return "kernel";
        }

        @Override
        public String key() {
            return series.number();
        }

        @Override
        public String suite() {
            return series.suite();
        }

        @Override
        public PackageSet newest(DebianMirror mirror) throws IOException, TwinException, InterruptedException {
            List<DebianPackage> available = mirror.packages("linux-", PackageSet.names(series));
            PackageSet newest = null;
            for (PackageSet set : PackageSet.complete(series, available)) {
                if (newest == null || isNewer(set.version(), newest.version())) {
                    newest = set;
                }
            }
            if (newest == null) {
                throw new KernelFetchException("The mirror has no version of kernel " + series
                        + " of which image, headers, kbuild and source are all there.");
            }
            return newest;
        }

        private static boolean isNewer(String version, String than)
                throws IOException, TwinException, InterruptedException {
            return new Tool(Path.of("/"), "dpkg", "--compare-versions", version, "gt", than)
                    .run()
                    .succeeded();
        }

        @Override
        public void finish(Path root, PackageSet set) throws IOException {
            PackageRoot.relocate(root, set.release());
        }
    }
}
