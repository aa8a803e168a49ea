/** QEMU: its monitor protocol (QMP), the command line of a VM, the process, its migration. No decisions. */
@NullMarked
package io.twinhype.qemu;

import org.jspecify.annotations.NullMarked;
