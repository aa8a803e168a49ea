package io.twinhype.install;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The scripts that Debian's kernel packages run when a kernel or its headers were installed, and before a kernel is removed
 * (run-parts over /etc/kernel/postinst.d, header_postinst.d and prerm.d with the release as first argument; Debian Linux
 * Kernel Handbook, "Kernel hooks").
 */
final class KernelHooks {
    static final List<String> INSTALLED =
            List.of("etc/kernel/postinst.d/twinhype", "etc/kernel/header_postinst.d/twinhype");
    static final String REMOVED = "etc/kernel/prerm.d/twinhype";
    static final String LOG = "/var/log/twinhype-kernel-hook.log";

    private KernelHooks() {}

    /** Builds and installs hypervisors for a new kernel. */
    static String installed(HookSettings settings) {
        return script(settings, "installed.sh");
    }

    /** Removes the hypervisors of a kernel. */
    static String removed(HookSettings settings) {
        return script(settings, "removed.sh");
    }

    private static String script(HookSettings settings, String name) {
        String arguments = settings.arguments().stream().map(KernelHooks::quote).collect(Collectors.joining(" "));
        return (resource("header.sh") + resource(name))
                .replace("@LAUNCHER@", quote(settings.launcher().toString()))
                .replace("@JAVA_HOME@", quote(settings.javaHome()))
                .replace("@CACHE_HOME@", quote(settings.cacheHome().toString()))
                .replace("@NEEDS_HEADERS@", settings.needsHeaders() ? "yes" : "no")
                .replace("@LOG@", LOG)
                .replace("@ARGUMENTS@", arguments);
    }

    private static String quote(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    private static String resource(String name) {
        try (InputStream stream = KernelHooks.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException("The hook " + name + " is missing from its jar: build TwinHype again.");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
