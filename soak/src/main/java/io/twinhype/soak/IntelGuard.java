package io.twinhype.soak;

import java.util.List;
import java.util.Locale;

/**
 * What the base does on Intel's processors to keep two hypervisors apart, and how it is taken out of the base's source, so
 * that the trial can be seen to notice. The hypervisors stay as they are.
 */
public enum IntelGuard {
    /** Without it each hypervisor has a record of its own of the CPU's current VMCS, as stock KVM has. */
    CURRENT_VMCS(
            "one_cpu",
            "vmx.c",
            List.of(
                    new Change(
                            "int vmx_allocate(void)\n",
                            "static DEFINE_PER_CPU(const void *[TWINHYPE_TWINS], own_vmcs);\n\nint vmx_allocate(void)\n"),
                    new Change(
                            "const void *previous = state->current_vmcs;",
                            "const void *previous = this_cpu_ptr(own_vmcs)[twin];\n\n\tthis_cpu_ptr(own_vmcs)[twin] ="
                                    + " vmcs;"),
                    new Change(
                            "\tif (state->current_vmcs == vmcs)\n",
                            "\tu32 twin;\n\n\tfor (twin = 0; twin < TWINHYPE_TWINS; twin++)\n"
                                    + "\t\tif (raw_cpu_ptr(own_vmcs)[twin] == vmcs)\n"
                                    + "\t\t\traw_cpu_ptr(own_vmcs)[twin] = NULL;\n\tif (state->current_vmcs =="
                                    + " vmcs)\n"))),

    /** Without it the CPU leaves VMX operation with the last VM of either hypervisor. */
    VMX_REFERENCES(
            "reload_a",
            "vmx.c",
            List.of(new Change(
                    "\tstate->vmx_users &= ~BIT(twin);\n\tif (state->vmx_users)\n\t\tgoto out;\n",
                    "\tstate->vmx_users &= ~BIT(twin);\n"))),

    /** Without it what is in an MSR is restored with each return to user space, but a vCPU's own value is not set again. */
    USER_RETURN_MSRS(
            "one_cpu",
            "uret.c",
            List.of(new Change(
                    "\tif (value == known->curr)\n\t\treturn 0;\n",
                    "\tif (known->curr != known->host)\n\t\treturn 0;\n"))),

    /** Without it both hypervisors take their VPIDs from the whole range. */
    VPID_RANGES(
            "one_cpu",
            "vmx.c",
            List.of(new Change(
                    "\tbitmap_set(taken, 0, range.first);\n"
                            + "\tbitmap_set(taken, range.last + 1, count - range.last - 1);\n",
                    "\tbitmap_set(taken, 0, 1);\n\t(void)range;\n")));

    /** A text of the source, which must be there once, and what it becomes. */
    record Change(String from, String to) {}

    private final String step;
    private final String file;
    private final List<Change> changes;

    IntelGuard(String step, String file, List<Change> changes) {
        this.step = step;
        this.file = file;
        this.changes = changes;
    }

    /** The step of intel.sh that must fail without it. */
    String step() {
        return step;
    }

    /** The file of the base. */
    String file() {
        return file;
    }

    List<Change> changes() {
        return changes;
    }

    /** Its name in reports, such as current-vmcs. */
    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The base's file without the guard. */
    String takenOutOf(String source) throws SoakException {
        String changed = source;
        for (Change change : changes) {
            int at = changed.indexOf(change.from());
            if (at < 0 || changed.indexOf(change.from(), at + 1) >= 0) {
                throw new SoakException("The guard " + word() + " cannot be taken out of kernel/base/" + file
                        + ", which does not have once: " + change.from().strip() + ": adapt IntelGuard.");
            }
            changed = changed.replace(change.from(), change.to());
        }
        return changed;
    }
}
