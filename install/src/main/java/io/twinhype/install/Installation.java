package io.twinhype.install;

import io.twinhype.install.Action.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The hypervisors as part of a host: files below its root, and the record of them. An installation or a removal happens
 * whole or not at all; one that was killed is taken back by the next. Nothing is loaded or unloaded.
 *
 * @param root the host's root: / or a directory that will be one
 */
public record Installation(Path root) {
    public Installation {
        root = root.toAbsolutePath().normalize();
    }

    /** Where the certificate of the installed modules lies, if they are signed. */
    public Path certificate() {
        return root.resolve(InstallPlan.CERTIFICATE);
    }

    /** Whether anything is installed. */
    public boolean isThere() throws InstallException {
        try {
            return !Records.of(root).installed().files().isEmpty();
        } catch (IOException e) {
            throw InstallException.of(Records.of(root).directory(), e);
        }
    }

    /**
     * Looks, before anything is built, whether an installation could work: the kernel is there, its directories can be
     * written, depmod is there.
     */
    public void check(String release) throws InstallException {
        Path modules = root.resolve("lib/modules").resolve(release);
        if (!Files.isDirectory(modules)) {
            throw new InstallException("Kernel " + release + " is not installed in " + root + ": there is no " + modules
                    + ". Name an installed one with --kernel-release.");
        }
        Path _ = Depmod.program();
        for (String path : List.of(
                InstallPlan.directory(release),
                ModprobeConfiguration.FILE,
                InstallPlan.UDEV_RULE,
                InstallPlan.CERTIFICATE,
                KernelHooks.REMOVED)) {
            Path directory = Changes.parent(root.resolve(path));
            while (!Files.isDirectory(directory)) {
                directory = Changes.parent(directory);
            }
            try {
                Files.delete(Files.createTempFile(directory, "twinhype", Changes.NEW));
            } catch (IOException e) {
                throw InstallException.of(directory, e);
            }
        }
    }

    /** What installing would do, without doing it. */
    public List<Action> preview(InstallRequest request) throws InstallException {
        try {
            Manifest manifest = Records.of(root).installed();
            List<Action> actions = new ArrayList<>();
            for (PlannedFile file : InstallPlan.files(root, request)) {
                actions.add(new Action(InstallPlan.kind(root, file, manifest), file.path()));
            }
            return actions;
        } catch (IOException e) {
            throw InstallException.of(root, e);
        }
    }

    /** Installs the modules for a kernel, and what makes A answer for KVM. */
    public InstallReport install(InstallRequest request) throws InstallException, InterruptedException {
        check(request.release());
        return alone(records -> {
            Manifest manifest = records.installed();
            Map<PlannedFile, Kind> plan = new LinkedHashMap<>();
            List<Intent.Target> targets = new ArrayList<>();
            for (PlannedFile file : InstallPlan.files(root, request)) {
                Kind kind = InstallPlan.kind(root, file, manifest);
                plan.put(file, kind);
                if (kind == Kind.WRITE || kind == Kind.REPLACE) {
                    targets.add(new Intent.Target(
                            file.path(),
                            kind == Kind.REPLACE,
                            Hashes.of(file.content().bytes())));
                }
            }
            Map<String, Manifest.Entry> entries = byPath(manifest);
            Changes changes = new Changes(root);
            List<String> directories = new ArrayList<>(manifest.directories());
            made(records, new Intent(targets, List.of(request.release())), changes, () -> {
                for (Map.Entry<PlannedFile, Kind> step : plan.entrySet()) {
                    PlannedFile file = step.getKey();
                    byte[] bytes = file.content().bytes();
                    if (step.getValue() == Kind.WRITE || step.getValue() == Kind.REPLACE) {
                        changes.write(file.path(), bytes, file.executable());
                    }
                    if (step.getValue() != Kind.KEEP) {
                        entries.put(file.path(), new Manifest.Entry(file.path(), Hashes.of(bytes), file.release()));
                    }
                }
                new Depmod(root).run(request.release());
                directories.addAll(changes.directories());
                records.end(new Manifest(Manifest.FORMAT, List.copyOf(entries.values()), directories));
            });
            List<Action> actions = new ArrayList<>();
            plan.forEach((file, kind) -> actions.add(new Action(kind, file.path())));
            return new InstallReport(actions, Notes.afterInstall(root, request, actions));
        });
    }

    /** What removing everything would do, without doing it. */
    public List<Action> previewRemoval() throws InstallException {
        return previewRemoval(entry -> true);
    }

    /** What removing one kernel's modules would do, without doing it. */
    public List<Action> previewRemoval(String release) throws InstallException {
        return previewRemoval(entry -> entry.release().equals(release));
    }

    /** Removes all that was installed and not changed since, so that stock KVM answers again. */
    public InstallReport uninstall() throws InstallException, InterruptedException {
        return remove(entry -> true);
    }

    /** Removes the modules of one kernel; whoever asks for KVM on it gets the stock one. */
    public InstallReport uninstall(String release) throws InstallException, InterruptedException {
        return remove(entry -> entry.release().equals(release));
    }

    private interface Choice {
        boolean takes(Manifest.Entry entry);
    }

    private List<Action> previewRemoval(Choice choice) throws InstallException {
        try {
            List<Action> actions = new ArrayList<>();
            for (Manifest.Entry entry : Records.of(root).installed().files()) {
                if (choice.takes(entry)) {
                    actions.add(new Action(removal(entry), entry.path()));
                }
            }
            return actions;
        } catch (IOException e) {
            throw InstallException.of(root, e);
        }
    }

    private Kind removal(Manifest.Entry entry) throws IOException {
        Path target = root.resolve(entry.path());
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return Kind.GONE;
        }
        return Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
                        && Hashes.of(target).equals(entry.sha256())
                ? Kind.REMOVE
                : Kind.KEEP;
    }

    private InstallReport remove(Choice choice) throws InstallException, InterruptedException {
        if (!Files.isDirectory(Records.of(root).directory())) {
            return new InstallReport(List.of(), List.of("Nothing of TwinHype is installed in " + root + "."));
        }
        return alone(records -> {
            Manifest manifest = records.installed();
            List<Action> actions = new ArrayList<>();
            List<Intent.Target> targets = new ArrayList<>();
            Set<String> releases = new LinkedHashSet<>();
            Map<String, Manifest.Entry> left = byPath(manifest);
            for (Manifest.Entry entry : manifest.files()) {
                if (!choice.takes(entry)) {
                    continue;
                }
                Kind kind = removal(entry);
                actions.add(new Action(kind, entry.path()));
                left.remove(entry.path());
                if (kind == Kind.REMOVE) {
                    targets.add(new Intent.Target(entry.path(), true, ""));
                }
                if (!entry.release().isEmpty()) {
                    releases.add(entry.release());
                }
            }
            Changes changes = new Changes(root);
            made(records, new Intent(targets, List.copyOf(releases)), changes, () -> {
                for (Intent.Target target : targets) {
                    changes.remove(target.path());
                }
                for (String release : releases) {
                    if (Files.isDirectory(
                            root.resolve("lib/modules").resolve(release).resolve("kernel"))) {
                        new Depmod(root).run(release);
                    }
                }
                records.end(new Manifest(Manifest.FORMAT, List.copyOf(left.values()), manifest.directories()));
            });
            List<String> directories = Changes.removeEmpty(root, manifest.directories());
            if (!left.isEmpty()) {
                records.end(new Manifest(Manifest.FORMAT, List.copyOf(left.values()), directories));
            }
            return new InstallReport(actions, Notes.afterRemoval(root, actions));
        });
    }

    private static Map<String, Manifest.Entry> byPath(Manifest manifest) {
        Map<String, Manifest.Entry> entries = new LinkedHashMap<>();
        manifest.files().forEach(entry -> entries.put(entry.path(), entry));
        return entries;
    }

    private interface Steps {
        void run() throws IOException, InstallException, InterruptedException;
    }

    /** Makes a change whole or not at all. */
    private void made(Records records, Intent intent, Changes changes, Steps steps)
            throws IOException, InstallException, InterruptedException {
        records.begin(intent);
        try {
            steps.run();
        } catch (IOException | InstallException | InterruptedException | RuntimeException e) {
            changes.rollback(e);
            if (e.getSuppressed().length == 0) {
                records.undone();
            }
            listAgain(intent.releases(), e);
            throw e;
        }
        List<Path> left = changes.commit();
        if (!left.isEmpty()) {
            throw new InstallException(
                    "All is done, but these files of before could not be removed; remove them by hand: " + left);
        }
    }

    /** The kernels' lists of modules, after a change was taken back. */
    private void listAgain(List<String> releases, Exception reason) {
        for (String release : releases) {
            try {
                new Depmod(root).run(release);
            } catch (IOException | InstallException e) {
                reason.addSuppressed(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private interface Work {
        InstallReport in(Records records) throws IOException, InstallException, InterruptedException;
    }

    /** One run at a time; the first thing it does is to take back what a killed one left. */
    private InstallReport alone(Work work) throws InstallException, InterruptedException {
        Records records = Records.of(root);
        try (HostLock _ = HostLock.on(records.directory())) {
            Optional<Intent> unfinished = records.unfinished();
            if (unfinished.isPresent()) {
                Changes.recover(root, unfinished.get());
                for (String release : unfinished.get().releases()) {
                    if (hasModules(release)) {
                        new Depmod(root).run(release);
                    }
                }
                records.undone();
            }
            return work.in(records);
        } catch (IOException e) {
            throw InstallException.of(root, e);
        }
    }

    private boolean hasModules(String release) {
        return Files.isDirectory(root.resolve("lib/modules").resolve(release).resolve("kernel"));
    }
}
