/** Hypervisors, VMs and migrations between hypervisors on one machine. */
@NullMarked
package io.twinhype.engine;

import org.jspecify.annotations.NullMarked;
