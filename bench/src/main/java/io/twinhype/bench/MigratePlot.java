package io.twinhype.bench;

import static java.lang.String.format;

import io.twinhype.bench.MigrateReport.Row;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Pauses over the size of memory, as SVG: a line through each method's medians, a whisker up to p99. Both axes are
 * logarithmic. Of the guests, those that differ from the first in their memory only.
 */
final class MigratePlot {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 420;
    private static final int LEFT = 64;
    private static final int RIGHT = 130;
    private static final int TOP = 40;
    private static final int BOTTOM = 48;
    private static final Locale PLAIN = Locale.ROOT;

    private final StringBuilder svg = new StringBuilder();
    private final List<Row> rows;
    private final double least;
    private final double most;
    private final double leastMemory;
    private final double mostMemory;

    private MigratePlot(List<Row> rows) {
        this.rows = rows;
        double low =
                rows.stream().mapToDouble(row -> row.pause().median()).min().orElse(1);
        double high = rows.stream().mapToDouble(row -> row.pause().p99()).max().orElse(10);
        this.least = Math.pow(10, Math.floor(Math.log10(low)));
        this.most = Math.max(least * 10, Math.pow(10, Math.ceil(Math.log10(high))));
        this.leastMemory = rows.stream()
                .mapToDouble(row -> row.guest().memoryMebibytes())
                .min()
                .orElse(1);
        this.mostMemory = rows.stream()
                .mapToDouble(row -> row.guest().memoryMebibytes())
                .max()
                .orElse(1);
    }

    static String svg(List<Row> all) {
        if (all.isEmpty()) {
            return new MigratePlot(List.of()).draw("Nothing was measured");
        }
        MigrateGuest first = all.getFirst().guest();
        List<Row> rows = all.stream()
                .filter(row ->
                        row.guest().vcpus() == first.vcpus() && row.guest().dirtyMebibytes() == first.dirtyMebibytes())
                .filter(row -> row.pause().median() > 0)
                .sorted(Comparator.comparingInt(row -> row.guest().memoryMebibytes()))
                .toList();
        return new MigratePlot(rows)
                .draw("Pause in ms: medians, and p99 above them; guests with "
                        + first.describe().replaceFirst("^[^,]*, ", ""));
    }

    private String draw(String title) {
        add(format(
                PLAIN,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\""
                        + " font-family=\"sans-serif\" font-size=\"13\">",
                WIDTH,
                HEIGHT,
                WIDTH,
                HEIGHT));
        add(format(PLAIN, "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>", WIDTH, HEIGHT));
        add(format(PLAIN, "<text x=\"%d\" y=\"22\">%s</text>", LEFT, title));
        axes();
        for (MigrateMethod method : MigrateMethod.values()) {
            series(method);
        }
        add("</svg>");
        return svg.toString();
    }

    private void axes() {
        for (double power = least; power <= most * 1.001; power *= 10) {
            double y = y(power);
            add(format(
                    PLAIN,
                    "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>",
                    LEFT,
                    WIDTH - RIGHT,
                    y,
                    y));
            String mark = power >= 1 ? String.valueOf(Math.round(power)) : String.valueOf(power);
            add(format(PLAIN, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>", LEFT - 8, y + 4, mark));
        }
        for (int memory : rows.stream()
                .map(row -> row.guest().memoryMebibytes())
                .distinct()
                .toList()) {
            add(format(
                    PLAIN,
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d MiB</text>",
                    x(memory),
                    HEIGHT - 18,
                    memory));
        }
        add(format(
                PLAIN,
                "<path d=\"M%d %d V%d H%d\" fill=\"none\" stroke=\"black\"/>",
                LEFT,
                TOP,
                HEIGHT - BOTTOM,
                WIDTH - RIGHT));
    }

    private void series(MigrateMethod method) {
        List<Row> mine = rows.stream().filter(row -> row.method() == method).toList();
        if (mine.isEmpty()) {
            return;
        }
        String color = color(method);
        List<String> points = new ArrayList<>();
        for (Row row : mine) {
            double x = x(row.guest().memoryMebibytes());
            double y = y(row.pause().median());
            points.add(format(PLAIN, "%.1f,%.1f", x, y));
            add(format(PLAIN, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>", x, y, color));
            add(format(
                    PLAIN,
                    "<path d=\"M%.1f %.1f V%.1f m-5 0 h10\" fill=\"none\" stroke=\"%s\"/>",
                    x,
                    y,
                    y(row.pause().p99()),
                    color));
        }
        add(format(
                PLAIN,
                "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>",
                String.join(" ", points),
                color));
        double last = mine.getLast().pause().median();
        add(format(
                PLAIN,
                "<text x=\"%d\" y=\"%.1f\" fill=\"%s\">%s %.1f</text>",
                WIDTH - RIGHT + 12,
                y(last) + 4,
                color,
                method.label(),
                last));
    }

    private static String color(MigrateMethod method) {
        return switch (method) {
            case GRAFT -> "#117733";
            case HANDOFF -> "#332288";
            case COPY -> "#997700";
            case TCP -> "#cc3311";
        };
    }

    /** In the middle if there is one size only. */
    private double x(double memory) {
        double part =
                mostMemory > leastMemory ? Math.log(memory / leastMemory) / Math.log(mostMemory / leastMemory) : 0.5;
        return LEFT + 30 + part * (WIDTH - LEFT - RIGHT - 60);
    }

    private double y(double millis) {
        return HEIGHT - BOTTOM - Math.log(millis / least) / Math.log(most / least) * (HEIGHT - TOP - BOTTOM);
    }

    private void add(String element) {
        svg.append(element).append('\n');
    }
}
