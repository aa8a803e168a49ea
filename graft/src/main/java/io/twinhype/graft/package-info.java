/** Graft: the hypervisor under a running VMM is changed inside its process, by a library that was preloaded into it. */
@NullMarked
package io.twinhype.graft;

import org.jspecify.annotations.NullMarked;
