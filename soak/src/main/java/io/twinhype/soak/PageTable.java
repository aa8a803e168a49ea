package io.twinhype.soak;

import java.util.List;

/** Tables of a page in Markdown. */
final class PageTable {
    private PageTable() {}

    /**
     * Appends what became of the guards that were taken out; nothing if none was.
     *
     * @param check what the page calls that which must fail
     */
    static void guards(StringBuilder page, String check, List<GuardOutcome> guards) {
        if (guards.isEmpty()) {
            return;
        }
        page.append("\n| guard taken out | of | ")
                .append(check)
                .append(" that must fail | noticed | how |\n|---|---|---|---|---|\n");
        for (GuardOutcome guard : guards) {
            row(page, guard.guard(), guard.twin(), guard.check(), guard.noticed() ? "yes" : "NO", guard.sentence());
        }
    }

    /** Appends a row; what a cell may not have, a line's end or a bar, is taken out or escaped. */
    static void row(StringBuilder page, String... cells) {
        page.append('|');
        for (String cell : cells) {
            page.append(' ')
                    .append(cell.replace("|", "\\|").replaceAll("\\s+", " "))
                    .append(" |");
        }
        page.append('\n');
    }
}
