package io.twinhype.demo;

import io.twinhype.twin.Progress;
import java.time.Duration;

/** Tells of the steps of a build as the demo tells of its own. */
record NarratedProgress(Narrator narrator) implements Progress {
    @Override
    public void started(String step) {}

    @Override
    public void finished(String step, Duration took) {
        narrator.done(step, took.toMillis() / 1000.0);
    }

    @Override
    public void note(String sentence) {
        narrator.say(sentence);
    }
}
