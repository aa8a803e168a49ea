/** The checker, a static program that runs where no Java can. */
@NullMarked
package io.twinhype.check;

import org.jspecify.annotations.NullMarked;
