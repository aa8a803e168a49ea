package io.twinhype.twin;

import java.io.IOException;

/**
 * A semantic patch: a change of code described by its shape, in the notation the kernel's developers use for changes that
 * reach far (Documentation/dev-tools/coccinelle.rst).
 *
 * @param smpl one or more rules in SmPL, in whose strings {@code ${name}} is a variable
 */
public record SemanticEdit(EditTerms terms, String smpl) implements Edit {
    @Override
    public String kind() {
        return "smpl";
    }

    @Override
    public Change change(String file, String text, Coccinelle coccinelle)
            throws IOException, TwinException, InterruptedException {
        return coccinelle.apply(this, file, text);
    }

    @Override
    public String nearest(String text) {
        return NearestCode.in(text, smpl);
    }
}
