package io.twinhype.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.kmod.testing.TestModule;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class InitramfsTests {
    @TempDir
    private Path root;

    @Test
    void holdsAllThatTheFirstProgramNeeds() throws Exception {
        LabKernel kernel = TestKernel.in(root);
        Path busybox = Files.writeString(root.resolve("busybox"), "static");
        Path one = TestModule.write(root.resolve("a/twin.ko"), "twin_a", "irqbypass");
        Path other = TestModule.write(root.resolve("b/twin.ko"), "twin_b", "");
        Initramfs initramfs = Initramfs.of(
                kernel, busybox, List.of(new ModuleToLoad(one, "npt=1 nested=0"), new ModuleToLoad(other)), script());
        Path archive = root.resolve("initramfs");
        initramfs.writeTo(archive);
        Map<String, byte[]> files = new LinkedHashMap<>();
        try (InputStream in = Files.newInputStream(archive);
                CpioArchiveInputStream cpio = new CpioArchiveInputStream(in)) {
            for (CpioArchiveEntry entry = cpio.getNextEntry(); entry != null; entry = cpio.getNextEntry()) {
                files.put(entry.getName(), cpio.readAllBytes());
                assertThat(entry.getMode() & 0111)
                        .as(entry.getName())
                        .isEqualTo(
                                entry.isDirectory()
                                                || List.of("init", "bin/busybox")
                                                        .contains(entry.getName())
                                        ? 0111
                                        : 0);
            }
        }
        assertThat(files).containsKeys("bin", "dev", "lab", "lab/ko", "init", "lab/supervise.sh", "lab/command");
        assertThat(text(files, "bin/busybox")).isEqualTo("static");
        assertThat(text(files, "init")).startsWith("#!/bin/busybox sh\n");
        assertThat(text(files, "lab/settings"))
                .contains("LAB_OUT='/results'\n", "DIRECTORY='/here'\n", "TERMINAL=no\n");
        assertThat(text(files, "lab/drivers").lines().map(line -> line.replaceAll("^\\d+-|\\.ko $", "")))
                .startsWith("virtio_ring", "virtio", "virtio_pci", "virtio_console", "9pnet", "9pnet_virtio", "9p")
                .contains("overlay", "irqbypass", "ccp", "tun", "vhost_net");
        List<String> modules = text(files, "lab/modules").lines().toList();
        assertThat(modules).as("irqbypass is a driver already").hasSize(2);
        assertThat(modules.get(0)).endsWith("-twin.ko npt=1 nested=0");
        assertThat(files.get("lab/ko/" + modules.get(0).split(" ", -1)[0])).isEqualTo(Files.readAllBytes(one));
        assertThat(files.get("lab/ko/" + modules.get(1).split(" ", -1)[0])).isEqualTo(Files.readAllBytes(other));
    }

    @Test
    void theCommandSurvivesTheShell() throws Exception {
        List<String> words = List.of("printf", "%s|", "it's", "$HOME `id`", "", "two\nlines", "a\\b\"c", "*", "größe");
        LabCommand command = new LabCommand(words, Path.of("/"), Map.of("ODD", "it's $PATH", "PATH", "/usr/bin:/bin"));
        Path file = Files.writeString(
                root.resolve("command"), new LabScript(command, Path.of("/o"), Optional.empty()).commandFile());
        assertThat(run("sh", file.toString())).isEqualTo("it's|$HOME `id`||two\nlines|a\\b\"c|*|größe|");
        LabCommand env = new LabCommand(List.of("env"), Path.of("/w"), command.environment());
        Files.writeString(file, new LabScript(env, Path.of("/o"), Optional.empty()).commandFile());
        assertThat(run("sh", file.toString()).lines())
                .contains("ODD=it's $PATH", "LAB_OUT=/o", "HOME=/root", "PATH=/usr/bin:/bin", "PWD=/w");
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    private static LabScript script() {
        return new LabScript(
                new LabCommand(List.of("true"), Path.of("/here"), Map.of()), Path.of("/results"), Optional.empty());
    }

    private static String text(Map<String, byte[]> files, String name) {
        return new String(files.getOrDefault(name, new byte[0]), StandardCharsets.UTF_8);
    }
}
