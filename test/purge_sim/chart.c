// SPDX-License-Identifier: MIT
#include "report.h"

#include <stdlib.h>

enum {
    PANEL_COLUMNS = 2,
    PANEL_WIDTH = 480, // and a pixel a column of the plot
    PANEL_HEIGHT = 180,
    LEFT = 60,
    GAP = 70,
    TOP = 70,
    COLOUR_COUNT = 7,
};

// One for light, one for dark, in the order of the policies in the chart.
static const char *const colours[COLOUR_COUNT][2] = {
    {"#0b62c4", "#6cb0ff"}, {"#8a8f98", "#9aa0aa"}, {"#c2410c", "#ff9a5c"}, {"#0f8a5f", "#4fd6a2"},
    {"#8b3fc0", "#d09bff"}, {"#b0175c", "#ff86b8"}, {"#7a6a00", "#e6d24a"},
};

// --- one line of a plot: what was highest, lowest and last in each column of pixels ---

struct column {
    size_t high, low, last;
};

struct plot {
    const struct trace *trace;
    struct column columns[PANEL_WIDTH + 1];
    size_t at; // the last column that has a value
    bool of_used;
};

static size_t column_of(const struct plot *plot, uint32_t ms)
{
    uint32_t span = trace_span_ms(plot->trace);
    uint64_t since = ms - plot->trace->points[0].ms;
    return span ? (size_t)(since * PANEL_WIDTH / span) : 0;
}

static void plot_see(void *seen, const struct sim_run *run, const struct trace_point *point)
{
    struct plot *plot = seen;
    size_t value =
        plot->of_used ? sim_bytes(run->memory.used_units) : sim_memory_held_bytes(&run->memory);
    size_t target = column_of(plot, point->ms), last = plot->columns[plot->at].last;
    while (plot->at < target)
        plot->columns[++plot->at] = (struct column){last, last, last};
    struct column *it = &plot->columns[target];
    it->high = value > it->high ? value : it->high;
    it->low = value < it->low ? value : it->low;
    it->last = value;
}

static void plot_fill(struct plot *plot, const struct trace *trace, const struct sim_policy *policy,
                      bool of_used)
{
    *plot = (struct plot){.trace = trace, .of_used = of_used};
    sim_replay(trace, policy, (struct sim_observer){plot_see, plot});
}

static int height_of(size_t value, size_t peak)
{
    return PANEL_HEIGHT - (int)(value * PANEL_HEIGHT / (peak ? peak : 1));
}

static void plot_path(FILE *out, const struct plot *plot, size_t peak, const char *style)
{
    int y = height_of(plot->columns[0].last, peak);
    fprintf(out, "<path %s d=\"M0 %d", style, y);
    for (int x = 1; x <= PANEL_WIDTH; x++) {
        const struct column *it = &plot->columns[x];
        int high = height_of(it->high, peak), low = height_of(it->low, peak);
        int last = height_of(it->last, peak);
        if (high == y && low == y && x < PANEL_WIDTH)
            continue;
        fprintf(out, "H%d", x);
        if (high != y || low != y)
            fprintf(out, "V%dV%dV%d", high, low, last);
        y = last;
    }
    fprintf(out, plot->of_used ? "V%dH0Z\"/>\n" : "\"/>\n", PANEL_HEIGHT);
}

// --- a panel ---

static void panel_axes(FILE *out, const struct trace *trace, size_t peak)
{
    fprintf(out, "<text y=\"-8\" class=\"title\">%s</text>\n", trace->name);
    for (int part = 0; part <= 2; part++) {
        int y = PANEL_HEIGHT - part * PANEL_HEIGHT / 2;
        fprintf(out, "<path class=\"grid\" d=\"M0 %dH%d\"/>", y, PANEL_WIDTH);
        fprintf(out, "<text x=\"-6\" y=\"%d\" class=\"end\">%.0f</text>\n", y + 4,
                (double)peak * part / 2 / (1 << 20));
    }
    fprintf(out, "<text x=\"-6\" y=\"-8\" class=\"end\">MiB</text>");
    fprintf(out, "<text y=\"%d\">0</text>", PANEL_HEIGHT + 16);
    fprintf(out, "<text x=\"%d\" y=\"%d\" class=\"end\">%.1f s</text>\n", PANEL_WIDTH,
            PANEL_HEIGHT + 16, trace_span_ms(trace) / 1000.0);
}

static unsigned chart_count(const struct sim_policies *policies)
{
    unsigned count = 0;
    for (size_t i = 0; i < policies->count; i++)
        count += policies->items[i].in_chart;
    return count;
}

static void panel_lines(FILE *out, const struct sim_report *report, size_t index, size_t peak)
{
    const struct sim_policies *policies = report->policies;
    struct plot *plot = malloc(sizeof(*plot));
    if (!plot)
        abort();
    plot_fill(plot, &report->traces[index], &policies->items[0], true);
    plot_path(out, plot, peak, "class=\"used\"");
    unsigned colour = chart_count(policies);
    for (size_t i = policies->count; i-- > 0;) { // the first one comes on top
        char style[24];
        if (!policies->items[i].in_chart)
            continue;
        snprintf(style, sizeof(style), "class=\"line c%u\"", --colour % COLOUR_COUNT);
        plot_fill(plot, &report->traces[index], &policies->items[i], false);
        plot_path(out, plot, peak, style);
    }
    free(plot);
}

static size_t peak_of(const struct sim_report *report, size_t trace)
{
    size_t peak = 0;
    for (size_t i = 0; i < report->policies->count; i++) {
        size_t here = sim_result_of(report, trace, i)->peak_bytes;
        peak = here > peak ? here : peak;
    }
    return peak;
}

static void panel(FILE *out, const struct sim_report *report, size_t index)
{
    size_t peak = peak_of(report, index);
    size_t x = LEFT + index % PANEL_COLUMNS * (PANEL_WIDTH + GAP);
    size_t y = TOP + 30 + index / PANEL_COLUMNS * (PANEL_HEIGHT + GAP);
    fprintf(out, "<g transform=\"translate(%zu %zu)\">\n", x, y);
    panel_axes(out, &report->traces[index], peak);
    panel_lines(out, report, index, peak);
    fprintf(out, "</g>\n");
}

// --- the page ---

static void style(FILE *out, int dark)
{
    fprintf(out, "text{fill:%s}.grid{stroke:%s}.used{fill:%s}", dark ? "#d6dae0" : "#24292f",
            dark ? "#3a414b" : "#d8dce2", dark ? "#39424f" : "#dfe4ea");
    for (int i = 0; i < COLOUR_COUNT; i++)
        fprintf(out, ".c%d{stroke:%s}", i, colours[i][dark]);
    fprintf(out, "rect{fill:%s}", dark ? "#14181d" : "#ffffff");
}

static void head(FILE *out, size_t width, size_t height)
{
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
            "viewBox=\"0 0 %zu %zu\">\n<style>text{font:12px sans-serif}.title{font-weight:bold}"
            ".end{text-anchor:end}.line{fill:none;stroke-width:1.4}.key{stroke-width:4}",
            width, height, width, height);
    style(out, 0);
    fprintf(out, "@media(prefers-color-scheme:dark){");
    style(out, 1);
    fprintf(out, "}</style>\n<rect width=\"100%%\" height=\"100%%\"/>\n");
}

static void text_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '<' || *text == '&')
            fprintf(out, *text == '<' ? "&lt;" : "&amp;");
        else
            fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
}

static void legend(FILE *out, const struct sim_policies *policies)
{
    unsigned colour = 0;
    fprintf(out,
            "<text x=\"%d\" y=\"24\" class=\"title\">Bytes held over time; grey: in use"
            "</text>\n",
            LEFT);
    for (size_t i = 0; i < policies->count; i++) {
        unsigned x = LEFT + 120 * colour;
        if (!policies->items[i].in_chart)
            continue;
        fprintf(out, "<path class=\"key c%u\" d=\"M%u 46h18\"/><text x=\"%u\" y=\"50\">",
                colour++ % COLOUR_COUNT, x, x + 24);
        text_escaped(out, policies->items[i].name);
        fprintf(out, "</text>\n");
    }
}

void sim_chart(FILE *out, const struct sim_report *report)
{
    size_t rows = (report->trace_count + PANEL_COLUMNS - 1) / PANEL_COLUMNS;
    size_t width = LEFT + PANEL_COLUMNS * (PANEL_WIDTH + GAP) - GAP / 2;
    head(out, width, TOP + 30 + rows * (PANEL_HEIGHT + GAP));
    legend(out, report->policies);
    for (size_t i = 0; i < report->trace_count; i++)
        panel(out, report, i);
    fprintf(out, "</svg>\n");
}
