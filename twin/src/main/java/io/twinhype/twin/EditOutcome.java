package io.twinhype.twin;

/**
 * What became of one edit on one source.
 *
 * @param edit the edit
 * @param expected how many places it expects to change there
 * @param found how many it changes
 * @param verdict what follows
 * @param place where the places are, or which is nearest, or what else is wrong, in a clause
 */
public record EditOutcome(Edit edit, int expected, int found, Verdict verdict, String place) {
    /** Whether an edit fits a source. */
    public enum Verdict {
        /** It changes as many places as it expects. */
        MATCH("match"),
        /** The source has nothing of the kind, as the edit expects. */
        NOT_NEEDED("not needed"),
        /** It changes more or fewer places, or something is left that must be gone. */
        NO_MATCH("no match"),
        /** None of its files is there. */
        NOT_THERE("not there");

        private final String words;

        Verdict(String words) {
            this.words = words;
        }

        /** Whether the edit does there what it is for. */
        public boolean fits() {
            return this == MATCH || this == NOT_NEEDED;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    EditMismatch mismatch() {
        return new EditMismatch(edit.name(), edit.terms().place(), expected, found, place);
    }
}
