package io.twinhype.graft;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * In the lab: runs the fixture VMM in its variants, changes the hypervisor under it over and over, lets every step fail once
 * in the last of them, and prints what came of each in a line.
 */
final class VmmTrial {
    private static final List<Path> DEVICES = List.of(Path.of("/dev/kvm"), Path.of("/dev/kvm2"));
    private static final List<Path> USERS =
            List.of(Path.of("/sys/module/twinhype_a/refcnt"), Path.of("/sys/module/twinhype_b/refcnt"));
    private static final Duration PARKING = Duration.ofSeconds(10);

    private final Process process;
    private final BufferedReader output;
    private final Graft library;
    private int at;
    private int grafts;
    private int left;
    private int faults;

    private VmmTrial(Process process, BufferedReader output, Graft library) {
        this.process = process;
        this.output = output;
        this.library = library;
    }

    /**
     * Runs all variants.
     *
     * @param arguments the VMM, the library, how many grafts of each variant
     */
    public static void main(String[] arguments) throws Exception {
        int grafts = Integer.parseInt(arguments[2]);
        for (String signals : List.of("default", "kicked", "masked")) {
            for (String vcpus : List.of("1", "2")) {
                VmmTrial trial = start(arguments, "--vcpus", vcpus, "--signals", signals);
                trial.graft(grafts);
                trial.end(vcpus + " " + signals);
            }
        }
        VmmTrial trial = start(arguments, "--vcpus", "2", "--timer", "deadline");
        trial.failEverywhere();
        trial.graft(2);
        trial.end("faults");
    }

    private static VmmTrial start(String[] arguments, String... options) throws Exception {
        Path directory = Files.createTempDirectory(Path.of("/tmp"), "vmm");
        List<String> command = new ArrayList<>(List.of(arguments[0], "/dev/kvm", "--seconds", "0"));
        command.addAll(List.of(options));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(GraftLibrary.environment(Path.of(arguments[1]), directory));
        Process process = builder.start();
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        String line = output.readLine();
        while (line != null && !line.equals("running 1")) {
            if (line.startsWith("FAILED")) {
                throw new IllegalStateException(line);
            }
            line = output.readLine();
        }
        return new VmmTrial(process, output, Graft.of(process.pid()));
    }

    private void graft(int times) throws GraftException, IOException {
        for (int i = 0; i < times; i++) {
            library.graft(DEVICES.get(1 - at), PARKING, Optional.empty());
            moved();
        }
    }

    /** Nothing of the VM may be left on the other side. */
    private void moved() throws IOException {
        at = 1 - at;
        grafts++;
        left += Integer.parseInt(Files.readString(USERS.get(1 - at)).strip());
    }

    /** A step that this VM does not need is not reached: then the graft is done. */
    private void failEverywhere() throws GraftException, IOException {
        for (String step : library.steps()) {
            try {
                library.graft(DEVICES.get(1 - at), PARKING, Optional.of(GraftFault.at(step)));
                moved();
            } catch (GraftException.Failed failed) {
                faults++;
                left += Integer.parseInt(Files.readString(USERS.get(1 - at)).strip());
            }
        }
    }

    private void end(String variant) throws Exception {
        // Not Process.destroy, which closes the output, too.
        process.toHandle().destroy();
        List<String> lines = output.lines().toList();
        int status = process.waitFor();
        lines.forEach(line -> System.err.println(variant + ": " + line));
        System.out.println(variant + ": status " + status + ", grafts " + grafts + ", users left " + left + ", faults "
                + faults + ", descriptors "
                + figure(lines, "descriptors_before").equals(figure(lines, "descriptors_after"))
                + ", mismatches " + figure(lines, "mismatches") + ", ok " + figure(lines, "ok"));
    }

    private static String figure(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key + " "))
                .map(line -> line.substring(key.length() + 1))
                .findFirst()
                .orElse("none");
    }
}
