// SPDX-License-Identifier: MIT
#include "core/report.h"
#include "os/os.h"
#include "ward/ward.h"

static void line_object(struct bp_line *line, const char *what, const void *object)
{
    bp_line_text(line, "bumpalloc: ");
    bp_line_text(line, what);
    bp_line_hex(line, (size_t)object);
}

static BP_NORETURN void die(struct bp_line *line)
{
    bp_line_send(line);
    bp_os_abort();
}

static BP_NORETURN void die_of_class(const char *what, const void *object, size_t class_bytes)
{
    struct bp_line line = {.length = 0};
    line_object(&line, what, object);
    bp_line_text(&line, " (class ");
    bp_line_decimal(&line, class_bytes);
    bp_line_text(&line, ")");
    die(&line);
}

void bp_ward_die_overflow(const void *object, size_t class_bytes)
{
    die_of_class("overflow at ", object, class_bytes);
}

void bp_ward_die_written(const void *object, size_t class_bytes)
{
    die_of_class("write after free of ", object, class_bytes);
}

// No tag of the object's own: it is free, or its tag was overwritten, or no object starts there.
void bp_ward_die_free(const void *object, size_t place_bytes)
{
    size_t offset = (size_t)object % BP_CHUNK_BYTES;
    if (offset % place_bytes || offset + place_bytes > BP_WARD_SPAN_BYTES)
        bp_die_invalid(object, "free");
    if (!*bp_tag_cell(object, place_bytes))
        bp_die_double_free(object, place_bytes);
    bp_ward_die_overflow(object, place_bytes);
}

void bp_ward_die_kind(const void *object, enum bp_kind kind)
{
    struct bp_line line = {.length = 0};
    line_object(&line, kind == BP_KIND_NEW ? "delete of " : "delete[] of ", object);
    bp_line_text(&line, kind == BP_KIND_NEW ? " from new[]" : " from new");
    die(&line);
}

void bp_ward_die_size(const void *object, size_t n_bytes, size_t is_bytes)
{
    struct bp_line line = {.length = 0};
    line_object(&line, "wrong size for ", object);
    bp_line_text(&line, ": ");
    bp_line_decimal(&line, n_bytes);
    bp_line_text(&line, ", not ");
    bp_line_decimal(&line, is_bytes);
    die(&line);
}
