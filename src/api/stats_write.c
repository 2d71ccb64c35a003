// SPDX-License-Identifier: MIT
// The statistics as text, JSON or Prometheus's format: one table says every field's name and
// whether it only grows; three writers go through it.
#include "base/attr.h"
#include "bumpalloc/stats.h"
#include "os/os_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { BUFFER_BYTES = 4096, LINE_BYTES = 512, CLASSES_MAX = 64 };

struct output {
    int file, code; // code: the first error
    size_t length;
    char buffer[BUFFER_BYTES];
};

struct field {
    const char *name;
    size_t offset;
    bool is_counter;
};

// A kind of class: what its structs hold after their size.
struct kind {
    const char *name;
    const struct field *fields;
    size_t field_count;
    size_t struct_bytes;
    size_t activity_offset; // 0 there: the class was never used
};

#define FIELD(type, name_)                                                                         \
    {                                                                                              \
#name_, offsetof(struct type, name_), false                                                \
    }
#define COUNTER(type, name_)                                                                       \
    {                                                                                              \
#name_, offsetof(struct type, name_), true                                                 \
    }
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct field whole_fields[] = {
    FIELD(bump_stats, reserved_bytes),
    FIELD(bump_stats, committed_bytes),
    FIELD(bump_stats, used_bytes),
    FIELD(bump_stats, free_bytes),
    FIELD(bump_stats, dirty_bytes),
    FIELD(bump_stats, cached_bytes),
    FIELD(bump_stats, span_bytes),
    FIELD(bump_stats, slot_bytes),
    FIELD(bump_stats, direct_bytes),
    FIELD(bump_stats, share_bytes),
    FIELD(bump_stats, budget_bytes),
    FIELD(bump_stats, regret_bytes),
    FIELD(bump_stats, limit_bytes),
    COUNTER(bump_stats, limit_failures),
    COUNTER(bump_stats, purges),
    COUNTER(bump_stats, purged_bytes),
    COUNTER(bump_stats, purge_failures),
    COUNTER(bump_stats, torn_bytes),
    COUNTER(bump_stats, faulted_again_bytes),
    COUNTER(bump_stats, regretted_bytes),
};

static const struct field small_fields[] = {
    FIELD(bump_small_class, used_objects),
    FIELD(bump_small_class, free_objects),
};

static const struct field large_fields[] = {
    COUNTER(bump_large_class, areas),
    FIELD(bump_large_class, area_total_bytes),
    FIELD(bump_large_class, free_regions),
    FIELD(bump_large_class, clean_regions),
    FIELD(bump_large_class, global_regions),
    FIELD(bump_large_class, thread_regions),
    COUNTER(bump_large_class, allocations),
    COUNTER(bump_large_class, slow_path),
    COUNTER(bump_large_class, refill),
    COUNTER(bump_large_class, deallocations),
    COUNTER(bump_large_class, clear_eager_total),
    COUNTER(bump_large_class, clear_slow_total),
    FIELD(bump_large_class, live_regions),
    FIELD(bump_large_class, live_bytes),
    FIELD(bump_large_class, committed_bytes),
    FIELD(bump_large_class, high_water_bytes),
    COUNTER(bump_large_class, fallbacks),
    COUNTER(bump_large_class, clear_failed),
};

static const struct field file_fields[] = {
    FIELD(bump_file_class, live_regions),        FIELD(bump_file_class, live_bytes),
    FIELD(bump_file_class, global_regions),      FIELD(bump_file_class, clean_regions),
    COUNTER(bump_file_class, allocations),       COUNTER(bump_file_class, deallocations),
    COUNTER(bump_file_class, clear_eager_total), COUNTER(bump_file_class, clear_slow_total),
    COUNTER(bump_file_class, clear_failed),      FIELD(bump_file_class, file_bytes),
    FIELD(bump_file_class, allocated_bytes),
};

static const struct kind small_kind = {"small", small_fields, COUNT_OF(small_fields),
                                       sizeof(struct bump_small_class), 0};
static const struct kind large_kind = {"large", large_fields, COUNT_OF(large_fields),
                                       sizeof(struct bump_large_class),
                                       offsetof(struct bump_large_class, high_water_bytes)};
static const struct kind file_kind = {"file", file_fields, COUNT_OF(file_fields),
                                      sizeof(struct bump_file_class),
                                      offsetof(struct bump_file_class, allocations)};

// --- output ---

static void flush(struct output *out)
{
    if (!out->code && out->length)
        out->code = -bp_os_file_write(out->file, out->buffer, out->length);
    out->length = 0;
}

__attribute__((format(printf, 2, 3))) static void put(struct output *out, const char *format, ...)
{
    va_list args;
    if (out->length + LINE_BYTES > BUFFER_BYTES)
        flush(out);
    va_start(args, format);
    int n = vsnprintf(out->buffer + out->length, LINE_BYTES, format, args);
    va_end(args);
    out->length += n > 0 ? (size_t)n : 0;
}

static size_t value_of(const void *record, const struct field *field)
{
    size_t value;
    memcpy(&value, (const char *)record + field->offset, sizeof(value));
    return value;
}

// --- classes ---

// A class's size is the first field of each struct.
static size_t size_of(const void *record)
{
    size_t n_bytes;
    memcpy(&n_bytes, record, sizeof(n_bytes));
    return n_bytes;
}

static bool was_used(const struct kind *kind, const void *record)
{
    if (kind->activity_offset)
        return value_of(record, &(struct field){.offset = kind->activity_offset}) != 0;
    return value_of(record, &kind->fields[0]) + value_of(record, &kind->fields[1]) != 0;
}

static const void *record_at(const struct kind *kind, const void *records, size_t index)
{
    return (const char *)records + index * kind->struct_bytes;
}

static void text_classes(struct output *out, const struct kind *kind, const void *records,
                         size_t count)
{
    put(out, "%s", kind->name);
    for (size_t i = 0; i < kind->field_count; i++)
        put(out, " %s", kind->fields[i].name);
    put(out, "\n");
    for (size_t c = 0; c < count; c++) {
        const void *record = record_at(kind, records, c);
        if (!was_used(kind, record))
            continue;
        put(out, "%zu", size_of(record));
        for (size_t i = 0; i < kind->field_count; i++)
            put(out, " %zu", value_of(record, &kind->fields[i]));
        put(out, "\n");
    }
}

static void json_classes(struct output *out, const struct kind *kind, const void *records,
                         size_t count)
{
    const char *before = "";
    put(out, ",\n\"%s\": [", kind->name);
    for (size_t c = 0; c < count; c++) {
        const void *record = record_at(kind, records, c);
        if (!was_used(kind, record))
            continue;
        put(out, "%s\n{\"size_class\": %zu", before, size_of(record));
        for (size_t i = 0; i < kind->field_count; i++)
            put(out, ", \"%s\": %zu", kind->fields[i].name, value_of(record, &kind->fields[i]));
        put(out, "}");
        before = ",";
    }
    put(out, "]");
}

static void metric_begin(struct output *out, const char *kind, const struct field *field)
{
    const char *end = field->name + strlen(field->name) - 6;
    bool has_total = strlen(field->name) > 6 && strcmp(end, "_total") == 0;
    const char *suffix = field->is_counter && !has_total ? "_total" : "";
    put(out, "# TYPE bumpalloc%s%s_%s%s %s\n", *kind ? "_" : "", kind, field->name, suffix,
        field->is_counter ? "counter" : "gauge");
}

static void metric_name(struct output *out, const char *kind, const struct field *field)
{
    const char *end = field->name + strlen(field->name) - 6;
    bool has_total = strlen(field->name) > 6 && strcmp(end, "_total") == 0;
    put(out, "bumpalloc%s%s_%s%s", *kind ? "_" : "", kind, field->name,
        field->is_counter && !has_total ? "_total" : "");
}

static void prometheus_classes(struct output *out, const struct kind *kind, const void *records,
                               size_t count)
{
    for (size_t i = 0; i < kind->field_count; i++) {
        metric_begin(out, kind->name, &kind->fields[i]);
        for (size_t c = 0; c < count; c++) {
            const void *record = record_at(kind, records, c);
            if (!was_used(kind, record))
                continue;
            metric_name(out, kind->name, &kind->fields[i]);
            put(out, "{size_class=\"%zu\"} %zu\n", size_of(record),
                value_of(record, &kind->fields[i]));
        }
    }
}

// --- the whole ---

static void whole(struct output *out, enum bump_stats_format format)
{
    struct bump_stats stats;
    const char *before = "{\n";
    bump_stats_get(&stats);
    for (size_t i = 0; i < COUNT_OF(whole_fields); i++) {
        const struct field *field = &whole_fields[i];
        size_t value = value_of(&stats, field);
        if (format == BUMP_STATS_PROMETHEUS) {
            metric_begin(out, "", field);
            metric_name(out, "", field);
            put(out, " %zu\n", value);
        } else if (format == BUMP_STATS_JSON) {
            put(out, "%s\"%s\": %zu", before, field->name, value);
            before = ",\n";
        } else {
            put(out, "%s %zu\n", field->name, value);
        }
    }
}

static void classes(struct output *out, enum bump_stats_format format, const struct kind *kind,
                    const void *records, size_t count)
{
    if (format == BUMP_STATS_PROMETHEUS)
        prometheus_classes(out, kind, records, count);
    else if (format == BUMP_STATS_JSON)
        json_classes(out, kind, records, count);
    else
        text_classes(out, kind, records, count);
}

static void all_classes(struct output *out, enum bump_stats_format format)
{
    union {
        struct bump_small_class small[CLASSES_MAX];
        struct bump_large_class large[CLASSES_MAX];
        struct bump_file_class file[CLASSES_MAX];
    } of;
    classes(out, format, &small_kind, of.small, bump_stats_small(of.small, CLASSES_MAX));
    classes(out, format, &large_kind, of.large, bump_stats_large(of.large, CLASSES_MAX));
    classes(out, format, &file_kind, of.file, bump_stats_files(of.file, CLASSES_MAX));
}

BP_EXPORT int bump_stats_write(int file_descriptor, enum bump_stats_format format)
{
    struct output out = {.file = file_descriptor};
    if (format != BUMP_STATS_TEXT && format != BUMP_STATS_JSON && format != BUMP_STATS_PROMETHEUS)
        return -EINVAL;
    whole(&out, format);
    all_classes(&out, format);
    if (format == BUMP_STATS_JSON)
        put(&out, "\n}\n");
    flush(&out);
    return out.code;
}
