// SPDX-License-Identifier: MIT
// A recorded trace: how many bytes a program had in use, and when. Text, one `ms used_bytes` a
// line; what follows a # is a comment. Times do not go back. A line that repeats the bytes of the
// one before says that the program called its allocator meanwhile; but the last one is no call, it
// says until when the program was watched.
#ifndef PURGE_SIM_TRACE_H
#define PURGE_SIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_point {
    uint32_t ms;
    size_t used_bytes;
};

struct trace {
    char name[64]; // the file's, without folder and ending
    struct trace_point *points;
    size_t count;
};

// On failure says on stderr which line is wrong, and why.
bool trace_read(const char *path, struct trace *ret_trace);
void trace_free(struct trace *trace);
// From the first point to the last.
uint32_t trace_span_ms(const struct trace *trace);

#endif
