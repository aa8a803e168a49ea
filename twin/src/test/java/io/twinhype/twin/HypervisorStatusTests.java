package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.linux.LoadedModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HypervisorStatusTests {
    private static final String IDENTITY = "0123456789abcdef".repeat(4);

    @TempDir
    Path root;

    @Test
    void baseAndTwinsAreToldWithWhatTheyWereBuiltFrom() throws Exception {
        write("sys/module/twinhype_base/version", "ba5e");
        write("sys/module/twinhype_a/version", IDENTITY);
        write("sys/module/twinhype_b/version", "unknown");
        write("sys/kernel/debug/twinhype/twins", "abi 2\nvendor svm\na_identity " + IDENTITY + "\n");
        write("dev/kvm", "");
        write("dev/kvm2", "");
        TwinCache cache = new TwinCache(root.resolve("cache"));
        Json.write(
                new BuildRecord(
                        "twinhype_a",
                        "A",
                        "svm",
                        IDENTITY,
                        "6.12.117+deb13-amd64",
                        "6.12.117-1",
                        "linux-source-6.12 6.12.117-1",
                        List.of("KVM: Check first"),
                        List.of(),
                        "",
                        "",
                        "",
                        1.0),
                Files.createDirectories(cache.builds().resolve(IDENTITY)).resolve("identity.json"));
        assertThat(status(cache, module("twinhype_b", 0), module("twinhype_a", 3), module("twinhype_base", 2)))
                .containsExactly(
                        new HypervisorStatus("base", "twinhype_base", "ba5e", "2", "both", 2, "", ""),
                        new HypervisorStatus(
                                "A",
                                "twinhype_a",
                                IDENTITY,
                                "2",
                                "svm",
                                3,
                                "/dev/kvm",
                                "from linux-source-6.12 6.12.117-1; KVM: Check first"),
                        new HypervisorStatus("B", "twinhype_b", "unknown", "2", "svm", 0, "/dev/kvm2", ""));
    }

    @Test
    void stockKvmIsToldAndNothingIsInvented() throws Exception {
        write("dev/kvm", "");
        TwinCache cache = new TwinCache(root.resolve("cache"));
        assertThat(status(cache, module("kvm", 1), module("kvm_intel", 0), module("irqbypass", 1)))
                .containsExactly(
                        new HypervisorStatus("stock", "kvm", "", "", "both", 1, "/dev/kvm", ""),
                        new HypervisorStatus("stock", "kvm_intel", "", "", "vmx", 0, "", ""));
        assertThat(status(cache)).isEmpty();
        assertThat(HypervisorStatus.json(status(cache, module("kvm", 1)))).contains("\"device\" : \"/dev/kvm\"");
    }

    private List<HypervisorStatus> status(TwinCache cache, LoadedModule... modules) {
        return HypervisorStatus.of(List.of(modules), root, cache);
    }

    private static LoadedModule module(String name, int references) {
        return new LoadedModule(name, 4096, references, List.of(), "Live");
    }

    private void write(String path, String content) throws IOException {
        Path file = root.resolve(path);
        Path parent = file.getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        Files.writeString(file, content + "\n");
    }
}
