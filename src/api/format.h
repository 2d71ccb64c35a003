// SPDX-License-Identifier: MIT
// Statistics as text, JSON, Prometheus' text format or XML in the shape of glibc's malloc_info.
// One table says of each number what it is called, where it is, and what it means; the formats
// write its rows. In JSON and Prometheus names the spaces are underscores.
#ifndef BP_API_FORMAT_H
#define BP_API_FORMAT_H

#include "api/sink.h"
#include "api/stats.h"
#include "core/options.h"

// No pointers: a table of them is a page that each process has for itself, from its start on.
struct bp_field {
    char name[24];
    size_t offset; // of a size_t in struct bp_stats, or of its by-class structs
    char kind;     // 'g' for what is now, 'c' for what was counted since the start
    char help[72];
};

enum bp_table {
    BP_TABLE_TOTALS,
    BP_TABLE_CLASSES,
    BP_TABLE_REGIONS,
    BP_TABLE_FILES,
    BP_TABLE_COUNT,
};
// A table's rows; NULL behind the last.
const struct bp_field *bp_field_at(enum bp_table table, unsigned index);
static inline size_t bp_field_value(const struct bp_field *field, const void *base)
{
    return *(const size_t *)(const void *)((const char *)base + field->offset);
}

// Sizes that mean "none" are SIZE_MAX: null in JSON, +Inf for Prometheus, left out of XML.
void bp_stats_write(struct bp_sink *sink, const struct bp_stats *stats, enum bp_stats_mode format);

#endif
