package io.twinhype.guest;

/**
 * What was heard of a guest.
 *
 * @param vm the VM's name
 * @param finished whether the guest said that it was done, so that {@code sent} is its own count
 * @param sent beats the guest sent; the highest sequence number heard if it has not finished
 * @param received different beats that arrived
 * @param lost beats sent that did not arrive
 * @param doubled arrivals of a beat that had arrived before
 * @param malformed lines that were not the guest's
 * @param longestGapMillis the longest silence between two arrivals, in milliseconds
 * @param checks rounds of checks the guest completed
 * @param diskErrors rounds in which the disk did not hold what was written, or gave an error
 * @param memoryErrors rounds in which memory did not hold what was written
 * @param clockErrors times CLOCK_MONOTONIC stepped back
 */
public record HeartbeatSummary(
        String vm,
        boolean finished,
        long sent,
        long received,
        long lost,
        long doubled,
        long malformed,
        double longestGapMillis,
        long checks,
        long diskErrors,
        long memoryErrors,
        long clockErrors) {}
