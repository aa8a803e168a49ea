package io.twinhype.twin;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An unpacked kernel source of any origin.
 *
 * @param directory its top directory
 * @param series the kernel's series, such as 6.1
 * @param version the kernel's version, such as 6.1.192, as the source's Makefile has it
 */
public record SourceTree(Path directory, String series, String version) {
    private static final Pattern NUMBER = Pattern.compile("(?m)^(VERSION|PATCHLEVEL|SUBLEVEL)\\s*=\\s*(\\d+)\\s*$");

    /** Looks at a directory; its Makefile tells the version. */
    public static SourceTree in(Path directory) throws TwinException {
        Path makefile = directory.resolve("Makefile");
        if (!Files.isRegularFile(makefile)) {
            throw noSource(directory);
        }
        String text;
        try {
            text = Files.readString(makefile);
        } catch (MalformedInputException _) {
            throw noSource(directory);
        } catch (IOException e) {
            throw new TwinException(makefile + " can't be read (" + e + "); check its owner and permissions.", e);
        }
        String[] numbers = {"", "", "0"};
        Matcher matcher = NUMBER.matcher(text);
        while (matcher.find()) {
            numbers[List.of("VERSION", "PATCHLEVEL", "SUBLEVEL").indexOf(matcher.group(1))] = matcher.group(2);
        }
        String series = numbers[0] + "." + numbers[1];
        if (!SeriesOrder.isSeries(series)) {
            throw noSource(directory);
        }
        return new SourceTree(directory.toAbsolutePath().normalize(), series, series + "." + numbers[2]);
    }

    /**
     * Checks that a hypervisor can be built of it for a kernel.
     *
     * @throws TwinException if it has no whole KVM, or one of another series, which that kernel's headers do not fit
     */
    public void requireKvmFor(KernelTree kernel) throws TwinException {
        for (String part : KvmSource.PARTS) {
            if (!Files.exists(directory.resolve(part))) {
                throw new TwinException(directory + " is the source of Linux " + version + ", but without " + part
                        + ", which a hypervisor is made of; name the top directory of a whole source.");
            }
        }
        if (!series.equals(kernel.series())) {
            throw new TwinException(
                    directory + " is the source of Linux " + version + ", whose KVM can't be compiled for "
                            + kernel.release() + ": the series differ. Choose a source of Linux " + kernel.series()
                            + ", or the kernel by --kernel " + series + ".");
        }
    }

    /** Whether it is the very version that a kernel's packages were made from. */
    public boolean isVersionOf(KernelTree kernel) {
        return kernel.version().equals(version) || kernel.version().startsWith(version + "-");
    }

    private static TwinException noSource(Path source) {
        return new TwinException(source + " has no Makefile that tells a kernel's version; name the top directory of an"
                + " unpacked kernel source.");
    }
}
