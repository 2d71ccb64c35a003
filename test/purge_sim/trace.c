// SPDX-License-Identifier: MIT
#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- growing arrays; out of memory ends the program ---

static void point_add(struct trace *trace, struct trace_point point)
{
    if ((trace->count & (trace->count - 1)) == 0) {
        size_t room = trace->count ? 2 * trace->count : 1;
        trace->points = realloc(trace->points, room * sizeof(point));
        if (!trace->points)
            abort();
    }
    trace->points[trace->count++] = point;
}

// --- one line ---

static bool number_read(const char **at, uint64_t max, uint64_t *ret_value)
{
    char *end;
    while (**at == ' ' || **at == '\t')
        ++*at;
    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    *ret_value = strtoull(*at, &end, 10);
    *at = end;
    return errno == 0 && *ret_value <= max;
}

// What is wrong with it, or NULL.
static const char *line_read(struct trace *trace, const char *line)
{
    uint64_t ms, used;
    const char *at = line + strspn(line, " \t\r\n");
    if (!*at)
        return NULL;
    if (!number_read(&at, UINT32_MAX / 2, &ms) || !number_read(&at, SIZE_MAX / 1024, &used))
        return "not two numbers in range";
    if (at[strspn(at, " \t\r\n")])
        return "more than two numbers";
    if (trace->count && ms < trace->points[trace->count - 1].ms)
        return "the time goes back";
    point_add(trace, (struct trace_point){(uint32_t)ms, (size_t)used});
    return NULL;
}

// --- the file ---

static void name_set(struct trace *trace, const char *path)
{
    const char *slash = strrchr(path, '/');
    snprintf(trace->name, sizeof(trace->name), "%s", slash ? slash + 1 : path);
    char *dot = strrchr(trace->name, '.');
    if (dot && dot != trace->name)
        *dot = '\0';
}

static bool lines_read(FILE *file, const char *path, struct trace *trace)
{
    char line[512];
    const char *problem = NULL;
    size_t number = 0;
    while (!problem && fgets(line, sizeof(line), file)) {
        number++;
        if (!strchr(line, '\n') && !feof(file)) {
            problem = "line too long";
            break;
        }
        line[strcspn(line, "#")] = '\0';
        problem = line_read(trace, line);
    }
    if (!problem && trace->count < 2)
        problem = "a trace has at least two points";
    if (problem)
        fprintf(stderr, "%s:%zu: %s\n", path, number, problem);
    return !problem;
}

bool trace_read(const char *path, struct trace *ret_trace)
{
    FILE *file = fopen(path, "r");
    *ret_trace = (struct trace){.points = NULL};
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    name_set(ret_trace, path);
    bool ok = lines_read(file, path, ret_trace);
    fclose(file);
    if (!ok)
        trace_free(ret_trace);
    return ok;
}

void trace_free(struct trace *trace)
{
    free(trace->points);
    *trace = (struct trace){.points = NULL};
}

uint32_t trace_span_ms(const struct trace *trace)
{
    return trace->points[trace->count - 1].ms - trace->points[0].ms;
}
