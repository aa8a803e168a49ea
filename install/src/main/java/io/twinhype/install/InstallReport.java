package io.twinhype.install;

import java.util.List;

/**
 * What an installation or its removal did.
 *
 * @param actions one for each file
 * @param notes what the operator should know or do now, in sentences
 */
public record InstallReport(List<Action> actions, List<String> notes) {
    public InstallReport {
        actions = List.copyOf(actions);
        notes = List.copyOf(notes);
    }
}
