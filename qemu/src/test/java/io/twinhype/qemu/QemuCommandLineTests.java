package io.twinhype.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The command line a VM's QEMU gets. */
final class QemuCommandLineTests {

    @Test
    void twoProcessesOfOneVmDifferOnlyInWaiting() {
        List<String> source = vm().arguments();
        List<String> destination = vm().incoming().arguments();

        assertThat(destination.subList(0, source.size())).isEqualTo(source);
        assertThat(destination.subList(source.size(), destination.size())).containsExactly("-S", "-incoming", "defer");
    }

    private static QemuCommandLine vm() {
        return new QemuCommandLine("web1")
                .machine("pc-i440fx-7.2", "qemu64-v1", 2)
                .sharedMemory(256, Path.of("/dev/shm/web1.ram"))
                .disk(Path.of("/vm/web1.raw"))
                .port("org.example.beat", Path.of("/run/beat"))
                .accelerator(new Accelerator.Tcg(), false);
    }

    @Test
    void nothingIsLeftToDefaults() {
        assertThat(vm().arguments())
                .contains("-no-user-config", "-nodefaults")
                .containsSequence("-machine", "pc-i440fx-7.2,memory-backend=ram,suppress-vmdesc=on")
                .containsSequence("-cpu", "qemu64-v1", "-smp", "2", "-m", "256M")
                .contains("memory-backend-file,id=ram,size=256M,share=on,mem-path=/dev/shm/web1.ram")
                .contains("virtio-blk-pci,id=vd0,drive=disk0,iothread=iothread0")
                .contains("virtserialport,chardev=port0,name=org.example.beat")
                .containsSequence("-accel", "tcg");
    }

    @Test
    void privateMemoryIsNotAFile() {
        assertThat(new QemuCommandLine("web1").privateMemory(64).arguments())
                .containsSequence("-m", "64M", "-object", "memory-backend-ram,id=ram,size=64M");
    }

    @Test
    void disksAndPortsAreNumbered() {
        List<String> arguments = new QemuCommandLine("web1")
                .disk(Path.of("/a"))
                .disk(Path.of("/b"))
                .port("x", Path.of("/x"))
                .port("y", Path.of("/y"))
                .arguments();

        assertThat(arguments)
                .contains("virtio-blk-pci,id=vd0,drive=disk0,iothread=iothread0")
                .contains("virtio-blk-pci,id=vd1,drive=disk1,iothread=iothread1")
                .contains("virtserialport,chardev=port1,name=y")
                .containsOnlyOnce("virtio-serial-pci,id=serial");
    }

    @Test
    void aCommaInAPathEndsNoOption() {
        assertThat(new QemuCommandLine("web1")
                        .console(Path.of("/tmp/a,b/console.log"))
                        .disk(Path.of("/tmp/a,\"b"))
                        .arguments())
                .contains("file,id=console,append=on,path=/tmp/a,,b/console.log")
                .anySatisfy(argument -> assertThat(QmpWire.JSON
                                .readTree(argument.startsWith("{") ? argument : "{}")
                                .path("file")
                                .path("filename")
                                .asString(""))
                        .isEqualTo("/tmp/a,\"b"));
    }

    @Test
    void aKvmDeviceIsNamedWhereQemuCanTakeIt() {
        var second = new Accelerator.Kvm(Path.of("/dev/kvm2"));

        assertThat(new QemuCommandLine("web1").accelerator(second, true).arguments())
                .containsSequence("-accel", "kvm,device=/dev/kvm2");
        assertThat(new QemuCommandLine("web1").accelerator(second, false).arguments())
                .containsSequence("-accel", "kvm");
    }
}
