package io.twinhype.twin;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** One of the two hypervisors of a machine. */
public enum Twin {
    A("/dev/kvm"),
    B("/dev/kvm2");

    private final Path device;

    Twin(String device) {
        this.device = Path.of(device);
    }

    /** The hypervisor that users call A or B, in either case. */
    public static Optional<Twin> named(String name) {
        return Arrays.stream(values())
                .filter(twin -> twin.name().equalsIgnoreCase(name))
                .findFirst();
    }

    /** The device node through which VMMs use it. */
    public Path device() {
        return device;
    }

    /** The name of its kernel module, such as {@code twinhype_a}. */
    public String moduleName() {
        return "twinhype_" + letter();
    }

    public Twin other() {
        return this == A ? B : A;
    }

    /** The letter that make and the edits know it by: a or b. */
    String letter() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What the edits' replacements may contain. */
    Map<String, String> variables() {
        return Map.of("twin", letter(), "TWIN", name());
    }
}
