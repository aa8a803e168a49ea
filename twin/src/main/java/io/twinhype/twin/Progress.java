package io.twinhype.twin;

import java.time.Duration;

/** Hears of what takes time, one step after the other. */
public interface Progress {
    /** Hears nothing. */
    Progress SILENT = new Progress() {
        @Override
        public void started(String step) {}

        @Override
        public void finished(String step, Duration took) {}

        @Override
        public void note(String sentence) {}
    };

    /** A step begins, for example "Compiling twinhype_a". A step that fails is not finished. */
    void started(String step);

    /** The step that was started last is done. */
    void finished(String step, Duration took);

    /** Something the user should know, in a sentence. */
    void note(String sentence);
}
