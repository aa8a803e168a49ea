package io.twinhype.install;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** depmod(8), which makes the list of modules that modprobe(8) reads. */
record Depmod(Path root) {
    /** The program; also where only root's PATH has it. */
    static Path program() throws InstallException {
        return Stream.concat(
                        Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1)),
                        Stream.of("/usr/sbin", "/sbin"))
                .map(directory -> Path.of(directory, "depmod"))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new InstallException(
                        "The program depmod is missing; install the package kmod (apt-get install kmod)."));
    }

    void run(String release) throws InstallException, IOException, InterruptedException {
        Process process = new ProcessBuilder(program().toString(), "-b", root.toString(), release)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .start();
        try (var output = process.getInputStream()) {
            String said = new String(output.readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                throw new InstallException("depmod failed for kernel " + release + " in " + root + ": "
                        + (said.isEmpty() ? "it did not say why." : said));
            }
        } finally {
            process.destroy();
        }
    }
}
