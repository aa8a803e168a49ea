/** Linux system calls through java.lang.foreign: descriptors, ioctl, kernel modules. Knows nothing of VMs. */
@NullMarked
package io.twinhype.linux;

import org.jspecify.annotations.NullMarked;
