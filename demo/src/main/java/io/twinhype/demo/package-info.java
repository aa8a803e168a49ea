/** The experiment of the TwinHype paper, performed in the lab, and its report. */
@NullMarked
package io.twinhype.demo;

import org.jspecify.annotations.NullMarked;
