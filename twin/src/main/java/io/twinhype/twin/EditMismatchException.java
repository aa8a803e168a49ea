package io.twinhype.twin;

import java.util.List;

/** A kernel source is not what the edits expect; every mismatch is told, and nothing was written. */
public final class EditMismatchException extends TwinException {
    private final List<EditMismatch> mismatches;

    public EditMismatchException(List<EditMismatch> mismatches) {
        super(message(mismatches));
        this.mismatches = List.copyOf(mismatches);
    }

    public List<EditMismatch> mismatches() {
        return mismatches;
    }

    private static String message(List<EditMismatch> mismatches) {
        StringBuilder text =
                new StringBuilder("The kernel's source is not what the edits expect; nothing was changed.");
        mismatches.forEach(each -> text.append("\n  ").append(each.sentence()));
        return text.append("\nUse a kernel version they are known for, or adapt the edits named above.")
                .toString();
    }
}
