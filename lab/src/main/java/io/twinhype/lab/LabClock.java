package io.twinhype.lab;

/** What makes the lab's clocks go on, its time-stamp counter among them. */
public enum LabClock {
    /** The host's time: the lab's figures are as good as the host is idle. */
    REAL_TIME,

    /**
     * The instructions that the lab's CPU executes, one nanosecond and one tick of its time-stamp counter each (QEMU's
     * {@code -icount shift=0}): a figure counted twice is the same, whatever else the host does. Time spent waiting is
     * skipped. An instruction is an instruction, whether it is a NOP or a VMRUN.
     */
    INSTRUCTIONS
}
