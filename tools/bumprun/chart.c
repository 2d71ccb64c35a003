// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "chart.h"

#include "bumprun.h"
#include "svg.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 960, LEFT = 70, RIGHT = 24, PANEL_HEIGHT = 280, LEGEND_ROW = 20, COLUMNS = 4 };

#define PLOT_WIDTH (WIDTH - LEFT - RIGHT)

// One of the two pictures: what is drawn in it lies in these bounds.
struct panel {
    struct svg *svg;
    double top; // of the plot
    double seconds, n_bytes;
    unsigned legend_count;
};

struct series {
    const char *name, *colour;
    size_t offset; // of the value in struct moment
    bool strong;
};

static const char *const colours[] = {"#8b93a0", "#2f9e5b", "#4c8dd8", "#ee8a2f", "#c04fb8",
                                      "#b59b1c", "#d9534f", "#3fb5b0", "#7a6fd0", "#a0703c"};
enum { COLOUR_COUNT = sizeof(colours) / sizeof(colours[0]) };

static const struct series parts[] = {
    {"RSS", "#8b93a0", offsetof(struct moment, rss_bytes), false},
    {"live", "#2f9e5b", offsetof(struct moment, live_bytes), true},
    {"dirty", "#ee8a2f", offsetof(struct moment, dirty_bytes), false},
};

static double value_at(const struct timeline *line, unsigned i, const struct series *series)
{
    double value;
    memcpy(&value, (const char *)&line->at[i] + series->offset, sizeof(value));
    return value;
}

static double peak_of(const struct timeline *line, const struct series *series)
{
    double peak = 0;
    for (unsigned i = 0; i < line->count; i++)
        peak = value_at(line, i, series) > peak ? value_at(line, i, series) : peak;
    return peak;
}

static double x_of(const struct panel *panel, double seconds)
{
    return LEFT + seconds / panel->seconds * PLOT_WIDTH;
}

static double y_of(const struct panel *panel, double n_bytes)
{
    return panel->top + PANEL_HEIGHT - n_bytes / panel->n_bytes * PANEL_HEIGHT;
}

// --- axes ---

// 1, 2 or 5 times a power of ten: at most so many steps of it make up `whole`.
static double step_of(double whole, unsigned steps)
{
    static const double factors[] = {2, 2.5, 2};
    double step = 1e-4;
    for (unsigned i = 0; whole / step > steps; i++)
        step *= factors[i % 3];
    return step;
}

static double bytes_step(double whole)
{
    double step = 4096;
    while (whole / step > 6)
        step *= 2;
    return step;
}

static void axes_draw(const struct panel *panel)
{
    FILE *out = panel->svg->stream;
    double step = bytes_step(panel->n_bytes);
    for (double at = 0; at <= panel->n_bytes; at += step)
        fprintf(out,
                "<path class=\"line\" d=\"M%d %.1fH%d\"/>"
                "<text class=\"soft\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%s</text>\n",
                LEFT, y_of(panel, at), LEFT + PLOT_WIDTH, LEFT - 8, y_of(panel, at) + 4,
                human_bytes(at).text);
    step = step_of(panel->seconds, 10);
    for (double at = 0; at <= panel->seconds * 1.0001; at += step)
        fprintf(out,
                "<text class=\"soft\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.1f\">%g s</text>\n",
                x_of(panel, at), panel->top + PANEL_HEIGHT + 18, at);
}

// --- lines ---

static void name_print(const struct panel *panel, const char *name, double peak)
{
    svg_text(panel->svg, name);
    fprintf(panel->svg->stream, ", peak %s", human_bytes(peak).text);
}

static void legend_draw(struct panel *panel, const struct series *series, double peak)
{
    FILE *out = panel->svg->stream;
    double x = LEFT + (double)(panel->legend_count % COLUMNS) * PLOT_WIDTH / COLUMNS;
    double y = panel->top + PANEL_HEIGHT + 44 + panel->legend_count / COLUMNS * LEGEND_ROW;
    fprintf(out, "<rect fill=\"%s\" x=\"%.0f\" y=\"%.0f\" width=\"11\" height=\"11\"/>",
            series->colour, x, y - 10);
    fprintf(out, "<text x=\"%.0f\" y=\"%.0f\">", x + 16, y);
    name_print(panel, series->name, peak);
    fputs("</text>\n", out);
    panel->legend_count++;
}

static void line_draw(struct panel *panel, const struct timeline *line, const struct series *series)
{
    FILE *out = panel->svg->stream;
    double peak = peak_of(line, series);
    fputs("<g class=\"series\"><title>", out);
    name_print(panel, series->name, peak);
    fprintf(out, "</title><polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" points=\"",
            series->colour, series->strong ? "2.5" : "1.5");
    for (unsigned i = 0; i < line->count; i++)
        fprintf(out, "%.1f,%.1f ", x_of(panel, line->at[i].seconds),
                y_of(panel, value_at(line, i, series)));
    fputs("\"/></g>\n", out);
    legend_draw(panel, series, peak);
}

static void stretch(struct panel *panel, const struct timeline *line, const struct series *series)
{
    double last = line->count ? line->at[line->count - 1].seconds : 0;
    double peak = peak_of(line, series);
    panel->seconds = last > panel->seconds ? last : panel->seconds;
    panel->n_bytes = peak > panel->n_bytes ? peak : panel->n_bytes;
}

static void heading(const struct panel *panel, const char *text)
{
    fprintf(panel->svg->stream, "<text class=\"title\" x=\"%d\" y=\"%.0f\">%s</text>\n", LEFT,
            panel->top - 14, text);
}

static void begin(const struct panel *panel, const char *id, const char *text)
{
    fprintf(panel->svg->stream, "<g id=\"%s\">\n", id);
    heading(panel, text);
    axes_draw(panel);
}

// --- the two panels ---

static double all_draw(struct svg *svg, const struct comparison *it, struct timeline *const *lines,
                       double top)
{
    struct panel panel = {svg, top, 1e-3, 4096, 0};
    for (unsigned i = 0; i < it->peers.count; i++)
        stretch(&panel, lines[i], &parts[0]);
    panel.n_bytes *= 1.05;
    begin(&panel, "rss", "Resident memory, by allocator");
    for (unsigned i = 0; i < it->peers.count; i++) {
        const char *name = it->peers.at[i].name;
        struct series series = {name, colours[i % COLOUR_COUNT], parts[0].offset,
                                strcmp(name, "bumpalloc") == 0};
        line_draw(&panel, lines[i], &series);
    }
    fputs("</g>\n", svg->stream);
    return top + PANEL_HEIGHT + 90 + (panel.legend_count - 1) / COLUMNS * LEGEND_ROW;
}

static void ours_draw(struct svg *svg, const struct timeline *line, double top)
{
    struct panel panel = {svg, top, 1e-3, 4096, 0};
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        stretch(&panel, line, &parts[i]);
    panel.n_bytes *= 1.05;
    begin(&panel, "ours", "Under libbumpalloc: resident, live and dirty");
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        line_draw(&panel, line, &parts[i]);
    fputs("</g>\n", svg->stream);
}

void chart_draw(const struct comparison *it, struct timeline *const *lines, const char *path,
                const char *title)
{
    const struct timeline *ours = NULL;
    for (unsigned i = 0; i < it->peers.count; i++)
        ours = lines[i]->ours ? lines[i] : ours;
    double legend = (it->peers.count - 1) / COLUMNS * LEGEND_ROW;
    int height = (int)(80 + legend + PANEL_HEIGHT + 70 + (ours ? PANEL_HEIGHT + 110 : 0));
    struct svg svg = svg_open(path, title, WIDTH, height);
    fprintf(svg.stream, "<text class=\"title\" x=\"%d\" y=\"28\">", LEFT);
    svg_text(&svg, title);
    fputs("</text>\n", svg.stream);
    double top = all_draw(&svg, it, lines, 76);
    if (ours)
        ours_draw(&svg, ours, top + 10);
    svg_close(&svg);
}
