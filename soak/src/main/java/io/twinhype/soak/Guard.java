package io.twinhype.soak;

import io.twinhype.twin.Twin;
import java.util.Locale;
import java.util.Optional;

/**
 * What keeps two hypervisors apart, and how it is taken out of one of them, so that the check that is to notice can be
 * seen to notice. An edit is left out, or one is added that does what stock KVM does.
 */
public enum Guard {
    /** Without it A keeps a cache of its own of what is in the user-return MSRs, as stock KVM does. */
    USER_RETURN_MSRS(Twin.A, "user-return-msrs", "leak=10", "leak"),

    /** Without it A keeps a record of its own of the CPU's last VMCB, and no barrier is due when B's was there meanwhile. */
    CURRENT_VMCB(Twin.A, "svm-current-vmcb", "owners", "owners"),

    /** Without it A switches SVM off with its last VM. */
    SVM_REFERENCES(Twin.A, "", "reload=A,3", "reload-A"),

    /** Without it A names a page of its own as the host save area, which goes away with the module. */
    HOST_SAVE_AREA(Twin.A, "", "reload=A,30", "reload-A"),

    /** Without it B takes its ASIDs from the whole range. */
    ASID_RANGES(Twin.B, "svm-asid-range", "tags", "tags");

    private final Twin twin;
    private final String edit;
    private final String task;
    private final String check;

    Guard(Twin twin, String edit, String task, String check) {
        this.twin = twin;
        this.edit = edit;
        this.task = task;
        this.check = check;
    }

    /** The hypervisor it is taken out of. */
    Twin twin() {
        return twin;
    }

    /** The edit that is left out, if that is how. */
    Optional<String> leftOut() {
        return edit.isEmpty() ? Optional.empty() : Optional.of(edit);
    }

    /** The resource with the edits that are added, if that is how. */
    Optional<String> added() {
        return edit.isEmpty() ? Optional.of("guards/" + word() + ".toml") : Optional.empty();
    }

    /** What soak.sh is to do. */
    String task() {
        return task;
    }

    /** The check that must fail then. */
    String check() {
        return check;
    }

    /** Its name in reports, such as user-return-msrs. */
    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
