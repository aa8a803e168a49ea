package io.twinhype.engine;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * A VMM process and what can be done with it.
 *
 * @param program the process's name, as ps(1) shows it
 * @param name what its VM is called on QEMU's command line; empty if it has no name
 * @param hypervisor A, B or stock; empty if what it runs on is none that is loaded here
 * @param device the number of the hypervisor's device; empty if the process has none open
 * @param library whether it was started with the graft library
 * @param vcpus how many, if the library tells
 * @param grafts how many it has had, if the library tells
 * @param target the hypervisor that the methods would move it to; empty if none other is loaded
 * @param methods each method, and what is in its way
 */
public record VmmStatus(
        long pid,
        String program,
        Optional<String> name,
        Optional<String> hypervisor,
        Optional<String> device,
        boolean library,
        OptionalInt vcpus,
        OptionalInt grafts,
        Optional<String> target,
        List<MethodCheck> methods) {
    /** Copies the list. */
    public VmmStatus {
        methods = List.copyOf(methods);
    }

    /** Returns all of it for programs: an object with these names, null for what is not known. */
    public String json() {
        return text(this);
    }

    /** Returns an array of such objects. */
    public static String json(List<VmmStatus> all) {
        return text(all);
    }

    private static String text(Object value) {
        return JsonMapper.builder()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build()
                .writeValueAsString(value);
    }
}
