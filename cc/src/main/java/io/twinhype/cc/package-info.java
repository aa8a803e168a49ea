/** C that travels in jars and is compiled where it is needed. */
@NullMarked
package io.twinhype.cc;

import org.jspecify.annotations.NullMarked;
