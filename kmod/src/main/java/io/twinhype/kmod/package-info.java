/** Kernel modules as a distribution packages them. */
@NullMarked
package io.twinhype.kmod;

import org.jspecify.annotations.NullMarked;
