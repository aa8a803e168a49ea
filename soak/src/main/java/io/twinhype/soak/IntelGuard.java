package io.twinhype.soak;

import java.util.List;
import java.util.Locale;

/**
 * What the base does on Intel's processors to keep two hypervisors apart, and how it is taken out of the base's source, so
 * that the trial can be seen to notice. The hypervisors stay as they are.
 */
public enum IntelGuard {
    /** Without it each hypervisor has a record of its own of the CPU's current VMCS, as stock KVM has. */
    CURRENT_VMCS("one_cpu", "vmx.c"),

    /** Without it the CPU leaves VMX operation with the last VM of either hypervisor. */
    VMX_REFERENCES("reload_a", "vmx.c"),

    /** Without it a vCPU takes a guest's value that is in an MSR for its own guest's. */
    USER_RETURN_MSRS("one_cpu", "uret.c"),

    /** Without it both hypervisors take their VPIDs from the whole range. */
    VPID_RANGES("one_cpu", "vmx.c");

    /** A text of the source, which must be there once, and what it becomes. */
    private record Change(String from, String to) {}

    private final String step;
    private final String file;

    IntelGuard(String step, String file) {
        this.step = step;
        this.file = file;
    }

    /** The step of intel.sh that must fail without it. */
    String step() {
        return step;
    }

    /** The file of the base. */
    String file() {
        return file;
    }

    /** Its name in reports, such as current-vmcs. */
    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The base's file without the guard. */
    String takenOutOf(String source) throws SoakException {
        String changed = source;
        for (Change change : changes()) {
            int at = changed.indexOf(change.from());
            if (at < 0 || changed.indexOf(change.from(), at + 1) >= 0) {
                throw new SoakException("The guard " + word() + " cannot be taken out of kernel/base/" + file
                        + ", which does not have once: " + change.from().strip() + ": adapt IntelGuard.");
            }
            changed = changed.replace(change.from(), change.to());
        }
        return changed;
    }

    private List<Change> changes() {
        return switch (this) {
            case CURRENT_VMCS ->
                List.of(
                        new Change("int vmx_allocate(void)\n", """
                                static DEFINE_PER_CPU(const void *[TWINHYPE_TWINS], own_vmcs);

                                int vmx_allocate(void)
                                """),
                        new Change("\tconst void *previous = state->current_vmcs;\n", """
                                \tconst void **own = &(*this_cpu_ptr(&own_vmcs))[twin];
                                \tconst void *previous = *own;

                                \t*own = vmcs;
                                """),
                        new Change("\tif (state->current_vmcs == vmcs)\n", """
                                \tu32 twin;

                                \tfor (twin = 0; twin < TWINHYPE_TWINS; twin++)
                                \t\tif ((*raw_cpu_ptr(&own_vmcs))[twin] == vmcs)
                                \t\t\t(*raw_cpu_ptr(&own_vmcs))[twin] = NULL;
                                \tif (state->current_vmcs == vmcs)
                                """));
            case VMX_REFERENCES -> List.of(new Change("""
                        \tstate->vmx_users &= ~BIT(twin);
                        \tif (state->vmx_users)
                        \t\tgoto out;
                        """, "\tstate->vmx_users &= ~BIT(twin);\n"));
            case USER_RETURN_MSRS ->
                List.of(new Change("\tif (value == known->curr)\n", "\tif (known->curr != known->host)\n"));
            case VPID_RANGES -> List.of(new Change("""
                        \tbitmap_set(taken, 0, range.first);
                        \tbitmap_set(taken, range.last + 1, count - range.last - 1);
                        """, "\tbitmap_set(taken, 0, range.first ? 1 : 0);\n"));
        };
    }
}
