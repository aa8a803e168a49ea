package io.twinhype.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class ThreadsTests {
    @Test
    void setsTheNiceValueOfAnotherProcess() throws Exception {
        Process sleeper = new ProcessBuilder("sleep", "60").start();
        try {
            Threads.setNice(sleeper.pid(), 7);
            String[] stat = Files.readString(Path.of("/proc", Long.toString(sleeper.pid()), "stat"))
                    .replaceFirst(".*\\) ", "")
                    .split(" ", -1);
            // Field 19 of proc_pid_stat(5); the first two were cut off.
            assertThat(stat[16]).isEqualTo("7");
        } finally {
            sleeper.destroyForcibly().waitFor();
        }
    }

    @Test
    void aProcessThatIsGoneIsAnError() throws Exception {
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        assertThatThrownBy(() -> Threads.setNice(gone.pid(), 0)).isInstanceOf(IOException.class);
    }
}
