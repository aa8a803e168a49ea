/** The small Linux guest used by the demo, the tests and the benchmarks, and the reader of its heartbeat. */
@NullMarked
package io.twinhype.guest;

import org.jspecify.annotations.NullMarked;
