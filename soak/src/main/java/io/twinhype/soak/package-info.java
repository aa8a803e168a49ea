/** Shows in the lab that two hypervisors can be trusted beside each other. */
@NullMarked
package io.twinhype.soak;

import org.jspecify.annotations.NullMarked;
