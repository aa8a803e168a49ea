package io.twinhype.lab;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.function.Consumer;

/** The user's terminal, in raw mode: every key goes to the lab, which does the echoing. */
public interface LabTerminal {
    /** Rows and columns, in characters. */
    record Size(int rows, int columns) {}

    /** What is typed. */
    InputStream input();

    /** What is shown. */
    OutputStream output();

    /** The terminal's size now. */
    Size size();

    /** Has a listener told when the size changes. */
    void onResize(Consumer<Size> listener);
}
