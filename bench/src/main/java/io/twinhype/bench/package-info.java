/** What a hypervisor of ours costs, and the kernel's own tests on it, compared with stock KVM in the lab. */
@NullMarked
package io.twinhype.bench;

import org.jspecify.annotations.NullMarked;
