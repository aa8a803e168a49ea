package io.twinhype.engine;

import io.twinhype.linux.Errno;
import io.twinhype.linux.KernelModules;
import io.twinhype.linux.LinuxException;
import io.twinhype.twin.Canary;
import io.twinhype.twin.CanaryException;
import io.twinhype.twin.ModuleTrust;
import io.twinhype.twin.SigningException;
import io.twinhype.twin.Twin;
import io.twinhype.twin.TwinFile;
import io.twinhype.twin.VerificationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The two hypervisors of this machine, as kernel modules. Loading and unloading need CAP_SYS_MODULE. */
public final class Hypervisors {
    private static final String BASE = "twinhype_base";

    private final KernelModules modules = new KernelModules();

    /**
     * Looks at a loaded hypervisor: its build, and whether a guest runs on it.
     *
     * @throws EngineException.Refused if it is not loaded, or the canary guest did not live
     */
    public LoadedHypervisor inspect(Twin twin) throws EngineException.Refused, InterruptedException {
        Path version = Path.of("/sys/module", twin.moduleName(), "version");
        try {
            return new LoadedHypervisor(
                    twin, Files.readString(version).strip(), Canary.run(twin.device(), Canary.MSR_AMD64_TW_CFG));
        } catch (IOException e) {
            throw new EngineException.Refused(
                    "Hypervisor " + twin + " is not loaded: " + version + " cannot be read (" + e.getMessage() + ")");
        } catch (CanaryException e) {
            throw new EngineException.Refused(
                    "Hypervisor " + twin + " does not run its canary guest: " + e.getMessage());
        }
    }

    /**
     * Replaces a hypervisor that no VM uses: unloads it, loads another build and runs a canary guest on it. Whatever fails
     * after the unloading puts the old build back.
     *
     * @param build the new module file, verified
     * @param old the module file that is loaded now
     * @throws EngineException.Refused if VMs use it: nothing was done
     * @throws EngineException.NotReplaced if the new build is not usable; the message says whether the old one is back
     */
    public LoadedHypervisor replace(Twin twin, Path build, Path old) throws EngineException, InterruptedException {
        try {
            ModuleTrust.ofThisMachine().require(build);
        } catch (SigningException e) {
            throw new EngineException.Refused("Hypervisor " + twin + " was not replaced: " + e.getMessage());
        }
        try {
            modules.unload(twin.moduleName());
        } catch (LinuxException e) {
            throw new EngineException.Refused(
                    "Hypervisor " + twin + " was not replaced, it can't be unloaded: " + e.getMessage());
        }
        try {
            modules.load(build, "");
        } catch (LinuxException e) {
            throw backTo(twin, old, "the new build is not accepted by the kernel: " + e.getMessage());
        }
        try {
            return inspect(twin);
        } catch (EngineException.Refused e) {
            try {
                modules.unload(twin.moduleName());
            } catch (LinuxException stuck) {
                throw new EngineException.NotReplaced("Hypervisor " + twin + " has its new build, which is unusable and"
                        + " can't be unloaded (" + stuck.getMessage() + "): " + e.getMessage());
            }
            throw backTo(twin, old, String.valueOf(e.getMessage()));
        }
    }

    /**
     * Returns how many users a loaded hypervisor has: VMs and whatever else has its device open.
     *
     * @throws EngineException.Refused if it is not loaded
     */
    public long users(Twin twin) throws EngineException.Refused {
        try {
            return modules.find(twin.moduleName())
                    .orElseThrow(() -> new EngineException.Refused("Hypervisor " + twin + " is not loaded"))
                    .references();
        } catch (IOException unreadable) {
            throw new EngineException.Refused(
                    "The users of hypervisor " + twin + " can't be counted: " + unreadable.getMessage());
        }
    }

    /**
     * Unloads a hypervisor that no VM uses.
     *
     * @throws EngineException.Refused if VMs use it, it is not loaded, or this process may not; nothing was done
     */
    public void unload(Twin twin) throws EngineException.Refused {
        try {
            modules.unload(twin.moduleName());
        } catch (LinuxException e) {
            throw new EngineException.Refused("Hypervisor " + twin + " is not unloaded: "
                    + (e.errno().equals(Errno.ENOENT) ? "it is not loaded." : reason(e)));
        }
    }

    /** What the kernel said, and what it takes where it is but a privilege. */
    private static String reason(LinuxException e) {
        return e.errno().equals(Errno.EPERM) ? e.getMessage() + ". Do this as root." : e.getMessage();
    }

    /**
     * Loads a hypervisor over the base that is loaded, and runs a canary guest on it.
     *
     * @param build its module file
     * @throws EngineException.Refused if it is another module or is loaded already, there is no base, the kernel refuses it, or no guest runs
     *     on it: it is not loaded then
     */
    public LoadedHypervisor load(Twin twin, Path build) throws EngineException.Refused, InterruptedException {
        try {
            if (modules.find(twin.moduleName()).isPresent()) {
                throw new EngineException.Refused(
                        "Hypervisor " + twin + " is loaded already: unload it first, when no VM uses it.");
            }
            if (modules.find(BASE).isEmpty()) {
                throw new EngineException.Refused("Hypervisor " + twin
                        + " is not loaded: it needs the base, which is not" + " loaded: type `insmod " + BASE
                        + ".ko` first, with the file that was built with it.");
            }
            TwinFile.require(twin, build);
            ModuleTrust.ofThisMachine().require(build);
            modules.load(build, "");
        } catch (VerificationException e) {
            throw new EngineException.Refused(
                    "Hypervisor " + twin + " is not loaded: " + String.join(" ", e.findings()));
        } catch (LinuxException e) {
            throw new EngineException.Refused("Hypervisor " + twin + " is not loaded: " + reason(e));
        } catch (SigningException e) {
            throw new EngineException.Refused("Hypervisor " + twin + " is not loaded: " + e.getMessage());
        } catch (IOException e) {
            throw new EngineException.Refused(
                    "Hypervisor " + twin + " is not loaded: this machine's kernel does not tell"
                            + " which modules it has (" + e.getMessage() + "); was it built without modules?");
        }
        try {
            return inspect(twin);
        } catch (EngineException.Refused e) {
            unload(twin);
            throw e;
        }
    }

    private EngineException.NotReplaced backTo(Twin twin, Path old, String reason) throws InterruptedException {
        try {
            modules.load(old, "");
            inspect(twin);
            return new EngineException.NotReplaced(
                    "Hypervisor " + twin + " was not replaced, its old build is loaded again: " + reason);
        } catch (LinuxException | EngineException.Refused e) {
            return new EngineException.NotReplaced("Hypervisor " + twin + " was not replaced and is absent: " + reason
                    + "; its old build did not come back either: " + e.getMessage());
        }
    }

    /** Unloads both hypervisors and the base; what is not loaded is left alone. */
    public void unloadAll() throws EngineException.Refused {
        try {
            for (Twin twin : Twin.values()) {
                unloadIfLoaded(twin.moduleName());
            }
            unloadIfLoaded(BASE);
        } catch (IOException e) {
            throw new EngineException.Refused("The hypervisors can't be unloaded: " + e.getMessage());
        }
    }

    private void unloadIfLoaded(String name) throws IOException {
        if (modules.find(name).isPresent()) {
            modules.unload(name);
        }
    }
}
