// SPDX-License-Identifier: MIT
#include "core/report.h"

#include "os/os.h"

#include <string.h>

// Text that does not fit is cut; the last byte is kept for the newline.
void bp_line_text(struct bp_line *line, const char *text)
{
    size_t n = strlen(text);
    size_t room = sizeof(line->text) - 1 - line->length;
    n = n < room ? n : room;
    memcpy(line->text + line->length, text, n);
    line->length += n;
}

static void line_number(struct bp_line *line, size_t value, unsigned base)
{
    char digits[24];
    char *at = digits + sizeof(digits) - 1;
    *at = 0;
    do {
        *--at = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    bp_line_text(line, at);
}

void bp_line_hex(struct bp_line *line, size_t value)
{
    bp_line_text(line, "0x");
    line_number(line, value, 16);
}

void bp_line_decimal(struct bp_line *line, size_t value)
{
    line_number(line, value, 10);
}

void bp_line_send(struct bp_line *line)
{
    line->text[line->length++] = '\n';
    bp_os_write_error(line->text, line->length);
}

void bp_report_option(const char *name, const char *value, const char *why,
                      const char *default_text)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: ");
    bp_line_text(&line, name);
    bp_line_text(&line, "=");
    bp_line_text(&line, value);
    bp_line_text(&line, ": ");
    bp_line_text(&line, why);
    bp_line_text(&line, ", using ");
    bp_line_text(&line, default_text);
    bp_line_send(&line);
}

void bp_report_unknown_option(const char *entry)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: ");
    bp_line_text(&line, entry);
    bp_line_text(&line, ": unknown option, ignored");
    bp_line_send(&line);
}

void bp_die_invalid(const void *pointer, const char *function)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: invalid pointer ");
    bp_line_hex(&line, (size_t)pointer);
    bp_line_text(&line, " passed to ");
    bp_line_text(&line, function);
    bp_line_send(&line);
    bp_os_abort();
}

void bp_die_double_free(const void *pointer, size_t class_bytes)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: double free of ");
    bp_line_hex(&line, (size_t)pointer);
    bp_line_text(&line, " (class ");
    bp_line_decimal(&line, class_bytes);
    bp_line_text(&line, ")");
    bp_line_send(&line);
    bp_os_abort();
}

void bp_die_corrupt(size_t class_bytes)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line,
                 "bumpalloc: free objects corrupted: double free or write after free (class ");
    bp_line_decimal(&line, class_bytes);
    bp_line_text(&line, ")");
    bp_line_send(&line);
    bp_os_abort();
}
