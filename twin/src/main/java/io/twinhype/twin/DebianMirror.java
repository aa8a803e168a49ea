package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Debian's package mirror seen through an apt configuration of our own, so that the machine's apt state is neither needed
 * nor touched, and any Debian can fetch the packages of another release. The mirrors are those of the machine's own apt
 * sources. Trust comes from apt: it checks the indices' signatures against Debian's archive keys ({@code apt-secure(8)}).
 */
final class DebianMirror {
    private static final Path KEYRING = Path.of("/usr/share/keyrings/debian-archive-keyring.gpg");
    /** How {@code apt-get update --print-uris} names the index of each suite it would fetch. */
    private static final Pattern INDEX = Pattern.compile("'(\\S+)/dists/([a-z]+)(-security)?/InRelease'.*");
    /** How {@code apt-get --simulate} names a package it would install. */
    private static final Pattern INSTALLED = Pattern.compile("Inst (\\S+) \\((\\S+) .*");
    /** Debian's releases; a source for anything else (a vendor's repository) is none of its mirrors. */
    private static final Set<String> DEBIAN =
            Set.of("bookworm", "trixie", "forky", "duke", "sid", "oldstable", "stable", "testing", "unstable");

    private final Path directory;
    private final List<String> sources;

    private DebianMirror(Path directory, List<String> sources) {
        this.directory = directory;
        this.sources = sources;
    }

    /** Finds out which mirrors the machine's apt uses. No network is needed for that. */
    static DebianMirror ofThisMachine(String suite, Path directory)
            throws IOException, TwinException, InterruptedException {
        Tool.Result uris = new Tool(Path.of("/"), "apt-get", "update", "--print-uris").run();
        if (!uris.succeeded()) {
            throw new KernelFetchException("apt-get could not list this machine's package sources: "
                    + uris.errors().strip());
        }
        Set<String> archives = new LinkedHashSet<>();
        Set<String> security = new LinkedHashSet<>();
        for (String line : uris.output().lines().toList()) {
            Matcher match = INDEX.matcher(line);
            if (match.matches() && DEBIAN.contains(match.group(2))) {
                (match.group(3) == null ? archives : security).add(match.group(1));
            }
        }
        if (archives.isEmpty()) {
            throw new KernelFetchException(
                    "apt on this machine has no source for a Debian release;"
                            + " add Debian's archive to its sources (man sources.list), so that kernels can be fetched from it.");
        }
        List<String> sources = new ArrayList<>();
        archives.forEach(uri -> sources.add(source(uri, suite)));
        security.forEach(uri -> sources.add(source(uri, suite + "-security")));
        return at(directory, sources);
    }

    /** A mirror with given source lines, as {@code sources.list(5)} has them. */
    static DebianMirror at(Path directory, List<String> sources) {
        return new DebianMirror(directory, List.copyOf(sources));
    }

    private static String source(String uri, String suite) {
        return "deb [arch=amd64 signed-by=" + KEYRING + "] " + uri + " " + suite + " main";
    }

    /** Fetches the signed indices. */
    void update() throws IOException, TwinException, InterruptedException {
        if (!Files.isReadable(KEYRING)) {
            throw new KernelFetchException(
                    "Debian's archive keys are not in " + KEYRING + "; install the package debian-archive-keyring.");
        }
        configure();
        succeed("fetch the package lists", apt("apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update"));
    }

    /**
     * All versions, in the indices fetched last, of the packages whose names match.
     *
     * @param prefix with which all these names begin
     */
    List<DebianPackage> packages(String prefix, Pattern names) throws IOException, TwinException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("apt-cache", "show", "--all-versions"));
        List<String> known = succeed("list packages", apt("apt-cache", "pkgnames", prefix))
                .output()
                .lines()
                .filter(names.asMatchPredicate())
                .sorted()
                .toList();
        if (known.isEmpty()) {
            return List.of();
        }
        command.addAll(known);
        return parse(succeed("read the package lists", apt(command.toArray(String[]::new)))
                .output());
    }

    /**
     * The packages of these names and all they depend on, as apt would install them where nothing is installed, each in the
     * version it would choose.
     */
    List<DebianPackage> withDependencies(List<String> names) throws IOException, TwinException, InterruptedException {
        List<String> simulation =
                new ArrayList<>(List.of("apt-get", "--simulate", "--no-install-recommends", "install"));
        simulation.addAll(names);
        List<String> chosen = new ArrayList<>();
        String told = succeed(
                        "work out what " + names.getFirst() + " depends on", apt(simulation.toArray(String[]::new)))
                .output();
        for (String line : told.lines().toList()) {
            Matcher match = INSTALLED.matcher(line);
            if (match.matches()) {
                chosen.add(match.group(1) + "=" + match.group(2));
            }
        }
        List<String> show = new ArrayList<>(List.of("apt-cache", "show"));
        show.addAll(chosen);
        // A version that two suites have is listed twice.
        List<DebianPackage> packages =
                parse(succeed("read the package lists", apt(show.toArray(String[]::new)))
                                .output())
                        .stream()
                        .distinct()
                        .toList();
        if (packages.size() != chosen.size()) {
            throw new KernelFetchException("apt would install " + chosen.size() + " packages for " + names.getFirst()
                    + " but describes " + packages.size() + " of them; try again when the mirror is up to date.");
        }
        return packages;
    }

    /** Downloads packages into a directory; apt compares each with the hash in the signed index. */
    void download(Collection<DebianPackage> packages, Path into)
            throws IOException, TwinException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("apt-get", "-qq", "download"));
        packages.forEach(each -> command.add(each.name() + "=" + each.version()));
        succeed("download the packages", new Tool(command, into, environment()).run());
    }

    static List<DebianPackage> parse(String stanzas) {
        List<DebianPackage> packages = new ArrayList<>();
        for (String stanza : stanzas.split("\n\n", -1)) {
            Map<String, String> fields = new HashMap<>();
            stanza.lines().filter(line -> !line.startsWith(" ")).forEach(line -> {
                int colon = line.indexOf(": ");
                if (colon > 0) {
                    fields.put(line.substring(0, colon), line.substring(colon + 2));
                }
            });
            if (Stream.of("Package", "Version", "SHA256", "Size").allMatch(fields::containsKey)) {
                packages.add(new DebianPackage(
                        fields.getOrDefault("Package", ""),
                        fields.getOrDefault("Version", ""),
                        fields.getOrDefault("SHA256", ""),
                        Long.parseLong(fields.getOrDefault("Size", "0"))));
            }
        }
        return packages;
    }

    private Tool.Result apt(String... command) throws IOException, TwinException, InterruptedException {
        return new Tool(List.of(command), directory, environment()).run();
    }

    private Map<String, String> environment() {
        return Map.of("APT_CONFIG", directory.resolve("apt.conf").toString());
    }

    private Tool.Result succeed(String doing, Tool.Result result) throws TwinException {
        if (result.succeeded()) {
            return result;
        }
        if (DiskFullException.saidIn(result.all())) {
            throw new DiskFullException(directory);
        }
        String reason = result.errors()
                .lines()
                .filter(line -> line.startsWith("E: "))
                .map(line -> line.substring(3).strip())
                .findFirst()
                .orElse("exit status " + result.status());
        throw new KernelFetchException("apt could not " + doing + ": " + reason);
    }

    private void configure() throws IOException, TwinException, InterruptedException {
        Files.createDirectories(directory.resolve("lists/partial"));
        Files.createDirectories(directory.resolve("archives/partial"));
        Files.writeString(directory.resolve("sources.list"), String.join("\n", sources) + "\n");
        Files.writeString(directory.resolve("status"), "");
        Files.writeString(directory.resolve("apt.conf"), String.join("\n", configuration()) + "\n");
    }

    /**
     * The machine's own way to the network (proxies, certificates), and nothing else of its configuration: its hooks after
     * an update would act on its own state.
     */
    private List<String> configuration() throws IOException, TwinException, InterruptedException {
        List<String> lines = new ArrayList<>();
        Tool.Result host = new Tool(Path.of("/"), "apt-config", "dump").run();
        host.output()
                .lines()
                .filter(line -> line.startsWith("Acquire::") && !line.startsWith("Acquire::IndexTargets"))
                .forEach(lines::add);
        lines.add("Dir::Etc::main \"/dev/null\";");
        lines.add("Dir::Etc::parts \"/dev/null\";");
        lines.add("Dir::Etc::preferences \"/dev/null\";");
        lines.add("Dir::Etc::preferencesparts \"/dev/null\";");
        lines.add("Dir::Etc::sourcelist \"" + directory.resolve("sources.list") + "\";");
        lines.add("Dir::Etc::sourceparts \"/dev/null\";");
        lines.add("Dir::State::status \"" + directory.resolve("status") + "\";");
        lines.add("Dir::State::lists \"" + directory.resolve("lists") + "\";");
        lines.add("Dir::Cache \"" + directory + "\";");
        lines.add("Dir::Cache::archives \"" + directory.resolve("archives") + "\";");
        lines.add("Acquire::Languages \"none\";");
        lines.add("Acquire::Retries \"1\";");
        lines.add("APT::Architecture \"amd64\";");
        // As root, apt would fetch as the user _apt, who can't write below a home directory.
        lines.add("APT::Sandbox::User \"root\";");
        return lines;
    }
}
