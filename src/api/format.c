// SPDX-License-Identifier: MIT
#include "api/format.h"

#include "bumpalloc/bumpalloc.h"
#include "os/os.h"

#include <stdint.h>
#include <string.h>

// Rows of the by-class tables: those of which there is, or was, anything.
static const void *row_at(const struct bp_stats *stats, enum bp_table table, unsigned index)
{
    if (table == BP_TABLE_CLASSES) {
        const struct bp_class_stats *row = &stats->of_class[index];
        return row->peak_spans && row->object_bytes ? row : NULL;
    }
    if (table == BP_TABLE_FILES) {
        const struct bp_file_stats *row = &stats->of_file[index];
        return row->allocations ? row : NULL;
    }
    const struct bp_region_stats *row = &stats->of_region[index];
    return row->used_slots || row->cached_slots || row->dirty_slots || row->clean_slots ? row
                                                                                        : NULL;
}

static unsigned row_count(enum bp_table table)
{
    return table == BP_TABLE_CLASSES ? BP_CLASS_COUNT : BP_REGION_COUNT;
}

static bool has_rows(const struct bp_stats *stats, enum bp_table table)
{
    for (unsigned row = 0; row < row_count(table); row++) {
        if (row_at(stats, table, row))
            return true;
    }
    return false;
}

// --- text ---

static void value_text(struct bp_sink *sink, size_t value)
{
    if (value == SIZE_MAX)
        bp_sink_text(sink, "none");
    else
        bp_sink_number(sink, value);
}

static void pad(struct bp_sink *sink, size_t from, size_t to)
{
    for (; from < to; from++)
        bp_sink_text(sink, " ");
}

static unsigned width_of(const struct bp_field *field)
{
    size_t least = strstr(field->name, "bytes") || field->kind == 'c' ? 12 : 10;
    size_t length = strlen(field->name);
    return (unsigned)(length > least ? length : least) + 1;
}

// Columns of zeros are left out; bit i of the answer is for field i.
static uint32_t columns_used(const struct bp_stats *stats, enum bp_table table)
{
    const struct bp_field *field;
    uint32_t used = 0;
    for (unsigned row = 0; row < row_count(table); row++) {
        const void *base = row_at(stats, table, row);
        for (unsigned i = 0; base && (field = bp_field_at(table, i)); i++)
            used |= (uint32_t)(bp_field_value(field, base) != 0) << i;
    }
    return used;
}

static void text_head(struct bp_sink *sink, enum bp_table table, uint32_t columns)
{
    const struct bp_field *field;
    for (unsigned i = 0; (field = bp_field_at(table, i)); i++) {
        if (!(columns >> i & 1))
            continue;
        pad(sink, strlen(field->name), width_of(field));
        bp_sink_text(sink, field->name);
    }
    bp_sink_text(sink, "\n");
}

static void text_row(struct bp_sink *sink, enum bp_table table, uint32_t columns, const void *base)
{
    const struct bp_field *field;
    for (unsigned i = 0; (field = bp_field_at(table, i)); i++) {
        if (columns >> i & 1)
            bp_sink_column(sink, bp_field_value(field, base), width_of(field));
    }
    bp_sink_text(sink, "\n");
}

static void text_table(struct bp_sink *sink, const struct bp_stats *stats, enum bp_table table)
{
    uint32_t columns = columns_used(stats, table);
    if (!columns)
        return;
    bp_sink_text(sink, "\n");
    text_head(sink, table, columns);
    for (unsigned row = 0; row < row_count(table); row++) {
        const void *base = row_at(stats, table, row);
        if (base)
            text_row(sink, table, columns, base);
    }
}

static void write_text(struct bp_sink *sink, const struct bp_stats *stats)
{
    const struct bp_field *field;
    for (unsigned i = 0; (field = bp_field_at(BP_TABLE_TOTALS, i)); i++) {
        bp_sink_text(sink, field->name);
        pad(sink, strlen(field->name), 20);
        bp_sink_text(sink, "= ");
        value_text(sink, bp_field_value(field, stats));
        bp_sink_text(sink, "\n");
    }
    for (int table = BP_TABLE_CLASSES; table < BP_TABLE_COUNT; table++)
        text_table(sink, stats, (enum bp_table)table);
}

// --- JSON ---

static void json_fields(struct bp_sink *sink, enum bp_table table, const void *base)
{
    const struct bp_field *field;
    for (unsigned i = 0; (field = bp_field_at(table, i)); i++) {
        size_t value = bp_field_value(field, base);
        bp_sink_text(sink, i ? ",\"" : "\"");
        bp_sink_name(sink, field->name);
        bp_sink_text(sink, "\":");
        if (value == SIZE_MAX)
            bp_sink_text(sink, "null");
        else
            bp_sink_number(sink, value);
    }
}

static void json_table(struct bp_sink *sink, const struct bp_stats *stats, enum bp_table table)
{
    static const char *const names[] = {"", "classes", "regions", "files"};
    const char *before = "\n{";
    bp_sink_text(sink, ",\n\"");
    bp_sink_text(sink, names[table]);
    bp_sink_text(sink, "\":[");
    for (unsigned row = 0; row < row_count(table); row++) {
        const void *base = row_at(stats, table, row);
        if (!base)
            continue;
        bp_sink_text(sink, before);
        json_fields(sink, table, base);
        bp_sink_text(sink, "}");
        before = ",\n{";
    }
    bp_sink_text(sink, "]");
}

static void write_json(struct bp_sink *sink, const struct bp_stats *stats)
{
    bp_sink_text(sink, "{\"version\":\"" BUMP_VERSION "\",\n");
    json_fields(sink, BP_TABLE_TOTALS, stats);
    for (int table = BP_TABLE_CLASSES; table < BP_TABLE_COUNT; table++)
        json_table(sink, stats, (enum bp_table)table);
    bp_sink_text(sink, "}\n");
}

// --- Prometheus ---

static const char *const prefixes[] = {"bumpalloc_", "bumpalloc_class_", "bumpalloc_region_",
                                       "bumpalloc_file_"};

static void prometheus_name(struct bp_sink *sink, enum bp_table table, const struct bp_field *field)
{
    bp_sink_text(sink, prefixes[table]);
    bp_sink_name(sink, field->name);
    bp_sink_text(sink, field->kind == 'c' ? "_total" : "");
}

static void prometheus_head(struct bp_sink *sink, enum bp_table table, const struct bp_field *field)
{
    bp_sink_text(sink, "# HELP ");
    prometheus_name(sink, table, field);
    bp_sink_text(sink, " ");
    bp_sink_text(sink, field->help);
    bp_sink_text(sink, "\n# TYPE ");
    prometheus_name(sink, table, field);
    bp_sink_text(sink, field->kind == 'c' ? " counter\n" : " gauge\n");
}

// label SIZE_MAX: none
static void prometheus_sample(struct bp_sink *sink, enum bp_table table,
                              const struct bp_field *field, const void *base, size_t label)
{
    size_t value = bp_field_value(field, base);
    prometheus_name(sink, table, field);
    if (label != SIZE_MAX) {
        bp_sink_text(sink, "{size=\"");
        bp_sink_number(sink, label);
        bp_sink_text(sink, "\"}");
    }
    bp_sink_text(sink, " ");
    if (value == SIZE_MAX)
        bp_sink_text(sink, "+Inf");
    else
        bp_sink_number(sink, value);
    bp_sink_text(sink, "\n");
}

// The first field of a by-class table is the size: it is the label of the others.
static void prometheus_table(struct bp_sink *sink, const struct bp_stats *stats,
                             enum bp_table table)
{
    const struct bp_field *field, *size = bp_field_at(table, 0);
    for (unsigned i = 1; has_rows(stats, table) && (field = bp_field_at(table, i)); i++) {
        prometheus_head(sink, table, field);
        for (unsigned row = 0; row < row_count(table); row++) {
            const void *base = row_at(stats, table, row);
            if (base)
                prometheus_sample(sink, table, field, base, bp_field_value(size, base));
        }
    }
}

static void write_prometheus(struct bp_sink *sink, const struct bp_stats *stats)
{
    const struct bp_field *field;
    for (unsigned i = 0; (field = bp_field_at(BP_TABLE_TOTALS, i)); i++) {
        prometheus_head(sink, BP_TABLE_TOTALS, field);
        prometheus_sample(sink, BP_TABLE_TOTALS, field, stats, SIZE_MAX);
    }
    for (int table = BP_TABLE_CLASSES; table < BP_TABLE_COUNT; table++)
        prometheus_table(sink, stats, (enum bp_table)table);
}

// --- XML ---

static void attribute(struct bp_sink *sink, const char *name, size_t value)
{
    bp_sink_text(sink, " ");
    bp_sink_name(sink, name);
    bp_sink_text(sink, "=\"");
    bp_sink_number(sink, value);
    bp_sink_text(sink, "\"");
}

static void element(struct bp_sink *sink, const char *name, const char *type, size_t n_bytes)
{
    bp_sink_text(sink, "<");
    bp_sink_text(sink, name);
    bp_sink_text(sink, " type=\"");
    bp_sink_text(sink, type);
    bp_sink_text(sink, "\"");
    attribute(sink, "size", n_bytes);
    bp_sink_text(sink, "/>\n");
}

static void xml_table(struct bp_sink *sink, const struct bp_stats *stats, enum bp_table table)
{
    static const char *const elements[] = {"", "<class", "<region", "<file"};
    const struct bp_field *field;
    for (unsigned row = 0; row < row_count(table); row++) {
        const void *base = row_at(stats, table, row);
        if (!base)
            continue;
        bp_sink_text(sink, elements[table]);
        for (unsigned i = 0; (field = bp_field_at(table, i)); i++)
            attribute(sink, i ? field->name : "size", bp_field_value(field, base));
        bp_sink_text(sink, "/>\n");
    }
}

static void write_xml(struct bp_sink *sink, const struct bp_stats *stats)
{
    const struct bp_field *field;
    bp_sink_text(sink, "<malloc version=\"bumpalloc-1\">\n<heap nr=\"0\">\n<sizes>\n");
    for (int table = BP_TABLE_CLASSES; table < BP_TABLE_COUNT; table++)
        xml_table(sink, stats, (enum bp_table)table);
    bp_sink_text(sink, "</sizes>\n</heap>\n");
    element(sink, "total", "used", stats->used_bytes);
    element(sink, "total", "rest", stats->free_bytes);
    element(sink, "total", "mmap", stats->direct_bytes);
    for (unsigned i = 0; (field = bp_field_at(BP_TABLE_TOTALS, i)); i++) {
        if (bp_field_value(field, stats) != SIZE_MAX)
            element(sink, "bumpalloc", field->name, bp_field_value(field, stats));
    }
    element(sink, "system", "current", stats->committed_bytes + stats->direct_bytes);
    element(sink, "system", "max", stats->peak_used_bytes);
    bp_sink_text(sink, "</malloc>\n");
}

void bp_stats_write(struct bp_sink *sink, const struct bp_stats *stats, enum bp_stats_mode format)
{
    switch (format) {
    case BP_STATS_JSON:
        write_json(sink, stats);
        return;
    case BP_STATS_PROMETHEUS:
        write_prometheus(sink, stats);
        return;
    case BP_STATS_XML:
        write_xml(sink, stats);
        return;
    default:
        write_text(sink, stats);
    }
}
