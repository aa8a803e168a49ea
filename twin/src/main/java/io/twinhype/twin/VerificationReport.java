package io.twinhype.twin;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What was proved of modules that are independent of each other and fit their kernel.
 *
 * @param modules in the order in which they are to be loaded
 */
public record VerificationReport(List<Module> modules) {
    public VerificationReport {
        modules = List.copyOf(modules);
    }

    /**
     * One module.
     *
     * @param name the module's name
     * @param imports how many symbols it needs
     * @param fromBase how many of them the base has; all others are the kernel's
     * @param exports how many symbols it offers
     */
    public record Module(String name, int imports, int fromBase, int exports) {
        /** A clause such as "twinhype_a: 412 imports, 17 from the base and all others from the kernel; 0 exports". */
        public String sentence() {
            String from =
                    fromBase == 0 ? "all from the kernel" : fromBase + " from the base and all others from the kernel";
            return name + ": " + imports + " imports, " + from + "; " + exports + " exports";
        }
    }

    /** One line for each module. */
    public String summary() {
        return modules.stream().map(Module::sentence).collect(Collectors.joining("\n"));
    }
}
