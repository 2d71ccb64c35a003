// SPDX-License-Identifier: MIT
#include "svg.h"

#include "bumprun.h"

#include <errno.h>
#include <string.h>

static const char style[] =
    ":root{--ground:#ffffff;--ink:#1b1f24;--soft:#6b7280;--line:#d5d9df;--empty:#eceff3;}"
    "@media(prefers-color-scheme:dark){:root{--ground:#14171b;--ink:#e8eaed;--soft:#9aa3ad;"
    "--line:#343a42;--empty:#23282f;}}"
    "svg{background:var(--ground);font:12px system-ui,sans-serif}"
    "text{fill:var(--ink)}.soft{fill:var(--soft)}.line{stroke:var(--line);fill:none}"
    ".empty{fill:var(--empty)}.title{font-size:16px;font-weight:600}";

static int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), wanted = strlen(end);
    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

struct svg svg_open(const char *path, const char *title, int width, int height)
{
    struct svg svg = {fopen(path, "w"), path, ends_with(path, ".html")};
    if (!svg.stream)
        die(EXIT_FAILED, "%s: %s", path, strerror(errno));
    if (svg.is_page) {
        fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
              "<meta name=\"color-scheme\" content=\"light dark\"><title>",
              svg.stream);
        svg_text(&svg, title);
        fputs("</title><style>body{margin:0}svg{max-width:100%;height:auto}</style></head><body>\n",
              svg.stream);
    }
    fprintf(svg.stream,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "height=\"%d\" role=\"img\">\n<title>",
            width, height, width, height);
    svg_text(&svg, title);
    fprintf(svg.stream, "</title>\n<style>%s</style>\n", style);
    return svg;
}

void svg_close(struct svg *svg)
{
    fputs(svg->is_page ? "</svg>\n</body></html>\n" : "</svg>\n", svg->stream);
    int failed = ferror(svg->stream);
    if (fclose(svg->stream) || failed)
        die(EXIT_FAILED, "%s: cannot be written", svg->path);
}

void svg_text(const struct svg *svg, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            fputs("&lt;", svg->stream);
        else if (*text == '>')
            fputs("&gt;", svg->stream);
        else if (*text == '&')
            fputs("&amp;", svg->stream);
        else if (*text == '"')
            fputs("&quot;", svg->stream);
        else if ((unsigned char)*text >= ' ')
            fputc(*text, svg->stream);
    }
}
