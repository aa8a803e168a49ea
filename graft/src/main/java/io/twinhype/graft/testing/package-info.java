/** Doubles for the tests of rooms that use this one. */
@NullMarked
package io.twinhype.graft.testing;

import org.jspecify.annotations.NullMarked;
