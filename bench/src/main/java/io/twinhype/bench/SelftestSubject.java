package io.twinhype.bench;

import io.twinhype.lab.ModuleToLoad;
import io.twinhype.twin.Twin;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A hypervisor that the selftests are run on; ours with the other one loaded, too. */
enum SelftestSubject {
    STOCK("stock", Optional.empty()),
    A("A", Optional.of(Twin.A)),
    B("B", Optional.of(Twin.B));

    private final String label;
    private final Optional<Twin> twin;

    SelftestSubject(String label, Optional<Twin> twin) {
        this.label = label;
        this.twin = twin;
    }

    String label() {
        return label;
    }

    List<ModuleToLoad> modules(BenchModules modules) {
        return ModuleToLoad.of(twin.isEmpty() ? modules.stock() : modules.trio().files());
    }

    Path device() {
        return twin.map(Twin::device).orElse(Twin.A.device());
    }

    /** The name of its module, or "-" for stock KVM's two. */
    String module() {
        return twin.map(Twin::moduleName).orElse("-");
    }
}
