package io.twinhype.soak;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A medium from which GRUB boots a guest after a while: for grafts under a boot loader. */
final class GraftLoader {
    /** Long enough for a few grafts, s. */
    private static final int COUNTDOWN = 10;

    private GraftLoader() {}

    /**
     * Makes the medium.
     *
     * @param kernel a compressed one: GRUB boots no other
     * @param scratch an empty directory
     */
    static Path make(Path kernel, Path initramfs, String arguments, Path scratch)
            throws SoakException, InterruptedException {
        try {
            Path boot = scratch.resolve("iso/boot");
            Files.createDirectories(boot.resolve("grub"));
            Files.copy(kernel, boot.resolve("vmlinuz"));
            Files.copy(initramfs, boot.resolve("initramfs"));
            Files.writeString(boot.resolve("grub/grub.cfg"), """
                    set timeout=%d
                    menuentry guest {
                        linux /boot/vmlinuz %s
                        initrd /boot/initramfs
                    }
                    """.formatted(COUNTDOWN, arguments));
            Path iso = scratch.resolve("loader.iso");
            Process process = new ProcessBuilder(
                            "grub-mkrescue",
                            "-o",
                            iso.toString(),
                            scratch.resolve("iso").toString())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new SoakException("The boot loader's medium could not be made by grub-mkrescue: " + said.strip()
                        + "; install the Debian packages grub-pc-bin, grub-common, xorriso and mtools");
            }
            return iso;
        } catch (IOException e) {
            throw new SoakException(
                    "The boot loader's medium could not be made in " + scratch + " (" + e.getMessage()
                            + "): install the Debian packages grub-pc-bin, grub-common, xorriso and mtools",
                    e);
        }
    }
}
