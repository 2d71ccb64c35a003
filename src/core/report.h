// SPDX-License-Identifier: MIT
// The library's only voice: one line on stderr, built without allocating. It speaks when an
// option is bad, and before it aborts because of a caller's crime.
#ifndef BP_CORE_REPORT_H
#define BP_CORE_REPORT_H

#include "base/attr.h"

#include <stddef.h>

struct bp_line {
    char text[256];
    size_t length;
};

void bp_line_text(struct bp_line *line, const char *text);
void bp_line_hex(struct bp_line *line, size_t value);
void bp_line_decimal(struct bp_line *line, size_t value);
void bp_line_send(struct bp_line *line);

BP_COLD void bp_report_option(const char *name, const char *value, const char *why,
                              const char *default_text);
BP_COLD void bp_report_unknown_option(const char *entry); // "NAME=value"
// "bumpalloc: invalid pointer 0x... passed to free"
BP_COLD BP_NORETURN void bp_die_invalid(const void *pointer, const char *function);
// "bumpalloc: double free of 0x... (class 48)": the bytes of its size class, or of its slot
BP_COLD BP_NORETURN void bp_die_double_free(const void *pointer, size_t class_bytes);
// A chain of free objects is not what was chained, and which object is to blame cannot be told.
BP_COLD BP_NORETURN void bp_die_corrupt(size_t class_bytes);

#endif
