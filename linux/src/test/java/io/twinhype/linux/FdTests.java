package io.twinhype.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FdTests {
    /** FIONREAD, include/uapi/asm-generic/ioctls.h: an old request that encodes no size. */
    private static final long FIONREAD = 0x541B;

    @TempDir
    Path directory;

    @Test
    void openNamesTheFileAndTheErrno() {
        Path missing = directory.resolve("missing");
        assertThatExceptionOfType(LinuxException.class)
                .isThrownBy(() -> Fd.open(missing, Fd.O_RDONLY))
                .withMessage("open " + missing + ": No such file or directory (ENOENT)")
                .satisfies(e -> {
                    assertThat(e.errno()).isEqualTo(Errno.ENOENT);
                    assertThat(e.call()).isEqualTo("open");
                    assertThat(e.object()).isEqualTo(missing.toString());
                });
    }

    @Test
    void ioctlWritesIntoTheGivenMemory() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "seven b");
        try (Fd fd = Fd.open(file, Fd.O_RDONLY);
                Arena arena = Arena.ofConfined()) {
            MemorySegment available = arena.allocate(ValueLayout.JAVA_INT);
            assertThat(fd.ioctl("FIONREAD", FIONREAD, available)).isZero();
            assertThat(available.get(ValueLayout.JAVA_INT, 0)).isEqualTo(7);
        }
    }

    @Test
    void ioctlNamesTheRequest() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        try (Fd fd = Fd.open(file, Fd.O_RDONLY)) {
            assertThatExceptionOfType(LinuxException.class)
                    .isThrownBy(() -> fd.ioctl("KVM_CREATE_VM", Ioctl.none(0xAE, 1), 0))
                    .withMessage("ioctl KVM_CREATE_VM on " + file + ": Inappropriate ioctl for device (ENOTTY)");
        }
    }

    @Test
    void ioctlRefusesMemoryShorterThanTheRequestSays() throws IOException {
        try (Fd fd = Fd.open(Path.of("/dev/null"), Fd.O_RDWR);
                Arena arena = Arena.ofConfined()) {
            long request = Ioctl.write(0xAE, 0x46, 32);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> fd.ioctl("KVM_SET_USER_MEMORY_REGION", request, arena.allocate(31)))
                    .withMessageContaining("takes 32 bytes");
        }
    }

    @Test
    void requestsAreEncodedAsInTheKernelsHeaders() {
        assertThat(Ioctl.none(0xAE, 0x00)).as("KVM_GET_API_VERSION").isEqualTo(0xAE00);
        assertThat(Ioctl.write(0xAE, 0x46, 32)).as("KVM_SET_USER_MEMORY_REGION").isEqualTo(0x4020AE46L);
        assertThat(Ioctl.read(0xAE, 0x81, 144)).as("KVM_GET_REGS").isEqualTo(0x8090AE81L);
        assertThat(Ioctl.readWrite(0xAE, 0x05, 8)).as("KVM_GET_SUPPORTED_CPUID").isEqualTo(0xC008AE05L);
    }

    @Test
    void aClosedDescriptorIsNotUsedAgain() throws IOException {
        Fd fd = Fd.open(Path.of("/dev/null"), Fd.O_RDWR);
        fd.close();
        fd.close();
        assertThatIllegalStateException().isThrownBy(fd::number).withMessageContaining("/dev/null");
    }

    @Test
    void aMappingShowsTheFileAndGoesAway() throws IOException {
        Path file = Files.write(directory.resolve("file"), new byte[] {1, 2, 3, 4});
        try (Fd fd = Fd.open(file, Fd.O_RDWR)) {
            Mapping mapping = fd.map(4);
            mapping.memory().set(ValueLayout.JAVA_BYTE, 2, (byte) 9);
            mapping.close();
            assertThat(Files.readAllBytes(file)).containsExactly(1, 2, 9, 4);
            assertThatIllegalStateException().isThrownBy(mapping::memory);
        }
    }

    @Test
    void anonymousMemoryIsZeroedAndPageAligned() throws IOException {
        try (Mapping mapping = Mapping.anonymous(8192)) {
            assertThat(mapping.memory().byteSize()).isEqualTo(8192);
            assertThat(mapping.memory().address() % 4096).isZero();
            assertThat(mapping.memory().get(ValueLayout.JAVA_LONG, 8184)).isZero();
        }
    }

    @Test
    void mmapReportsItsErrno() {
        assertThatExceptionOfType(LinuxException.class)
                .isThrownBy(() -> Mapping.anonymous(0))
                .withMessage("mmap 0 bytes of memory: Invalid argument (EINVAL)");
    }

    @Test
    void anUnknownErrnoStillReads() {
        assertThat(new Errno(4095)).hasToString("unknown error (errno 4095)");
    }

    @Test
    void allocatesWhatWasAskedForOrSaysThatThereIsNoRoom(@TempDir Path directory) throws Exception {
        Path file = Files.createFile(directory.resolve("file"));
        try (Fd fd = Fd.open(file, Fd.O_RDWR)) {
            fd.allocate(65536);
            assertThat(Files.size(file)).isEqualTo(65536);
            assertThatExceptionOfType(LinuxException.class).isThrownBy(() -> fd.allocate(Long.MAX_VALUE / 2));
        }
    }
}
