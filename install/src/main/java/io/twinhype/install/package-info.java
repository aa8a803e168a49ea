/** Puts built hypervisors into a host so that it boots with them, and takes them out again. Builds and loads nothing. */
@NullMarked
package io.twinhype.install;

import org.jspecify.annotations.NullMarked;
