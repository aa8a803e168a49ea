package io.twinhype.install;

/**
 * A file to be installed.
 *
 * @param path relative to the host's root
 * @param content what is to be in it
 * @param executable whether it is a program
 * @param release the kernel it is for; "" for all kernels
 * @param editable whether an operator's changes to it are kept
 */
record PlannedFile(String path, Content content, boolean executable, String release, boolean editable) {}
