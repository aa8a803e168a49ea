package io.twinhype.soak;

/** Tables of a page in Markdown. */
final class PageTable {
    private PageTable() {}

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
