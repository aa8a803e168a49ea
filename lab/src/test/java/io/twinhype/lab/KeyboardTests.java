package io.twinhype.lab;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

final class KeyboardTests {
    @Test
    void everyKeyReachesTheLabUntilThreeEscapes() throws Exception {
        ByteArrayOutputStream lab = new ByteArrayOutputStream();
        CountDownLatch givenUp = new CountDownLatch(1);
        PipedOutputStream fingers = new PipedOutputStream();
        Keyboard keyboard = Keyboard.of(new TestTerminal(new PipedInputStream(fingers)));
        keyboard.connect(CompletableFuture.completedFuture(lab), new CompletableFuture<>(), givenUp::countDown);
        fingers.write("a\3\u001d\u001db\u001d\u001d\u001dc".getBytes(US_ASCII));
        assertThat(givenUp.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(lab.toString(US_ASCII)).isEqualTo("a\3\u001d\u001db\u001d\u001d");
    }

    @Test
    void afterAnotherBootTheKeysGoToTheNewLab() throws Exception {
        ByteArrayOutputStream first = new ByteArrayOutputStream();
        ByteArrayOutputStream second = new ByteArrayOutputStream();
        CountDownLatch givenUp = new CountDownLatch(1);
        PipedOutputStream fingers = new PipedOutputStream();
        Keyboard keyboard = Keyboard.of(new TestTerminal(new PipedInputStream(fingers)));
        keyboard.connect(CompletableFuture.completedFuture(first), new CompletableFuture<>(), () -> {});
        keyboard.connect(CompletableFuture.completedFuture(second), new CompletableFuture<>(), givenUp::countDown);
        fingers.write("x\u001d\u001d\u001d".getBytes(US_ASCII));
        assertThat(givenUp.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(first.size()).isZero();
        assertThat(second.toString(US_ASCII)).startsWith("x");
        CountDownLatch again = new CountDownLatch(1);
        keyboard.connect(new CompletableFuture<>(), new CompletableFuture<>(), again::countDown);
        assertThat(again.getCount())
                .as("who has given up does not wait for another boot")
                .isZero();
    }

    @Test
    void aNewSizeReachesTheLabAsALine() {
        ByteArrayOutputStream sizes = new ByteArrayOutputStream();
        CompletableFuture<OutputStream> control = new CompletableFuture<>();
        TestTerminal terminal = new TestTerminal(new ByteArrayInputStream(new byte[0]));
        Keyboard.of(terminal).connect(new CompletableFuture<>(), control, () -> {});
        terminal.resize(new LabTerminal.Size(1, 2));
        control.complete(sizes);
        terminal.resize(new LabTerminal.Size(50, 120));
        assertThat(sizes.toString(US_ASCII)).isEqualTo("50 120\n");
    }

    /** A terminal without a screen. */
    private record TestTerminal(InputStream input, List<Consumer<Size>> listeners) implements LabTerminal {
        TestTerminal(InputStream input) {
            this(input, new ArrayList<>());
        }

        void resize(Size size) {
            listeners.forEach(listener -> listener.accept(size));
        }

        @Override
        public OutputStream output() {
            return OutputStream.nullOutputStream();
        }

        @Override
        public Size size() {
            return new Size(24, 80);
        }

        @Override
        public void onResize(Consumer<Size> listener) {
            listeners.add(listener);
        }
    }
}
