package io.twinhype.lab;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the lab's scripts are told: the command as shell words, and where things are.
 *
 * @param command to run
 * @param out the results directory, the same path in the lab
 * @param terminal the terminal's size, if the command gets one
 */
record LabScript(LabCommand command, Path out, Optional<LabTerminal.Size> terminal) {
    /** A shell script that becomes the command. {@code env -i} so that the lab's own variables stay out of it. */
    String commandFile() {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        environment.put("HOME", "/root");
        environment.put("USER", "root");
        environment.put("LOGNAME", "root");
        environment.put("SHELL", "/bin/bash");
        environment.put("LANG", "C.UTF-8");
        environment.put("PWD", command.workingDirectory().toString());
        environment.putAll(command.environment());
        environment.put("LAB_OUT", out.toString());
        List<String> words = new ArrayList<>();
        environment.forEach((name, value) -> words.add(name + "=" + value));
        words.addAll(command.words());
        // The lab's own programs must not be found instead of the machine's, nor env(1) miss its own PATH.
        return "export PATH=" + ShellWords.quote(environment.get("PATH")) + "\nexec /usr/bin/env -i "
                + ShellWords.quote(words) + "\n";
    }

    /** Shell assignments. */
    String settingsFile() {
        return "LAB_OUT=" + ShellWords.quote(out.toString())
                + "\nDIRECTORY=" + ShellWords.quote(command.workingDirectory().toString())
                + "\nTERMINAL=" + (terminal.isPresent() ? "yes" : "no")
                + "\nROWS=" + terminal.map(LabTerminal.Size::rows).orElse(24)
                + "\nCOLUMNS=" + terminal.map(LabTerminal.Size::columns).orElse(80) + "\n";
    }
}
