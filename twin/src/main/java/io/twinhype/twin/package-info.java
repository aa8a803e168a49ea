/** Builds, verifies, loads and unloads the two KVM builds and the base module under them. Knows nothing of QEMU. */
@NullMarked
package io.twinhype.twin;

import org.jspecify.annotations.NullMarked;
