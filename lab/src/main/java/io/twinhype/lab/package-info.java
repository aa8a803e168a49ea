/** The nested machine: builds its initramfs, boots it, runs a command in it, brings files back. */
@NullMarked
package io.twinhype.lab;

import org.jspecify.annotations.NullMarked;
