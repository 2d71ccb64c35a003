// SPDX-License-Identifier: MIT
// Where formatted text goes: piece by piece into a small buffer, and from there to its target, a
// descriptor or a stream. Nothing here allocates. Once a write has failed the rest is dropped.
#ifndef BP_API_SINK_H
#define BP_API_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct bp_sink {
    int (*write)(struct bp_sink *sink, const char *text, size_t n_bytes); // 0 or an errno code
    void *target;                                                         // the function's own
    int descriptor;                                                       // or this
    int code;                                                             // of the first failure
    size_t length;
    char text[512];
};

// A sink that writes to a descriptor, which stays the caller's.
struct bp_sink bp_sink_to(int descriptor);
void bp_sink_text(struct bp_sink *sink, const char *text);
// The text with every space as an underscore.
void bp_sink_name(struct bp_sink *sink, const char *text);
void bp_sink_number(struct bp_sink *sink, size_t value);
// Right-aligned in so many columns.
void bp_sink_column(struct bp_sink *sink, size_t value, unsigned width);
// What is in the buffer goes to the target; true if all that was ever given got there.
bool bp_sink_flush(struct bp_sink *sink);

#endif
