/** The twinhype command: parsing, tables, progress. */
@NullMarked
package io.twinhype.cli;

import org.jspecify.annotations.NullMarked;
