// SPDX-License-Identifier: MIT
// Pieces of pictures: one file, no network, light and dark by what the viewer prefers, text that
// scales and can be searched. Sizes are in pixels.
#ifndef BUMPRUN_SVG_H
#define BUMPRUN_SVG_H

#include <stddef.h>
#include <stdio.h>

// Opens a picture; .html gets a page around it. Ends the program if the file cannot be made.
struct svg {
    FILE *stream;
    const char *path;
    int is_page;
};
struct svg svg_open(const char *path, const char *title, int width, int height);
// Writes the end of it; ends the program if it could not all be written.
void svg_close(struct svg *svg);
// Text with what XML reserves replaced.
void svg_text(const struct svg *svg, const char *text);

#endif
