package io.twinhype.twin;

import java.util.List;

/**
 * What a module was built from; kept beside it as identity.json.
 *
 * @param name the module's name
 * @param twin A or B, or "" for a module that is neither
 * @param vendor svm or vmx, or "" for a module that serves both
 * @param identity a hash over all the rest of its inputs; the module carries it as {@code twinhype_identity}
 * @param kernelRelease what {@code uname -r} says where it can be loaded
 * @param kernelVersion the version of the kernel's packages
 * @param source where the KVM in it is from, such as "linux-source-6.1 6.1.192-2"; "" for a module that has none
 * @param patches the titles of the patches made, or taken back ("reverted: …")
 * @param notes what is to be known of the patches: places found elsewhere, changes left out
 * @param sourcesHash the hash of TwinHype's own sources in it: edits, base, twin
 * @param compiler what the compiler says of itself
 * @param fileSha256 the hash of the module's file
 * @param buildSeconds how long the build took
 */
public record BuildRecord(
        String name,
        String twin,
        String vendor,
        String identity,
        String kernelRelease,
        String kernelVersion,
        String source,
        List<String> patches,
        List<String> notes,
        String sourcesHash,
        String compiler,
        String fileSha256,
        double buildSeconds) {
    public BuildRecord {
        patches = List.copyOf(patches);
        notes = List.copyOf(notes);
    }

    /** The first 12 digits of the identity: enough to tell builds apart by eye. */
    public String shortIdentity() {
        return identity.substring(0, 12);
    }
}
