/** Doubles of kernel modules, for the tests of other rooms. */
@NullMarked
package io.twinhype.kmod.testing;

import org.jspecify.annotations.NullMarked;
