package io.twinhype.linux;

import java.io.IOException;

/** Says which system call failed, on what, and with which error number. */
public final class LinuxException extends IOException {
    private final String call;
    private final String object;
    private final Errno errno;

    public LinuxException(String call, String object, Errno errno) {
        this(call, object, errno, "");
    }

    /**
     * @param advice a further sentence for the reader, or "": what the kernel logged, what to do next
     */
    public LinuxException(String call, String object, Errno errno, String advice) {
        super(call + " " + object + ": " + errno + (advice.isEmpty() ? "" : ". " + advice));
        this.call = call;
        this.object = object;
        this.errno = errno;
    }

    /** The system call, as its manual page names it. */
    public String call() {
        return call;
    }

    /** What the call was made on: a path, a module's name, a request. */
    public String object() {
        return object;
    }

    public Errno errno() {
        return errno;
    }

    /** The sentence that the constructor made; never missing. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }

    /** The same failure with a further sentence. */
    LinuxException advise(String advice) {
        LinuxException advised = new LinuxException(call, object, errno, advice);
        advised.initCause(this);
        return advised;
    }
}
