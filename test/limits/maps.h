// SPDX-License-Identifier: MIT
// The process's own map of memory, read without allocating.
#ifndef LIMITS_MAPS_H
#define LIMITS_MAPS_H

#include "check.h"

#include <fcntl.h>

// Calls visit with each line of the file, without its newline.
static inline void maps_lines(const char *path, void (*visit)(char *line))
{
    static char buffer[1 << 16];
    size_t filled = 0;
    int fd = open(path, O_RDONLY);
    REQUIRE(fd >= 0);
    for (ssize_t n; (n = read(fd, buffer + filled, sizeof buffer - 1 - filled)) > 0;) {
        char *line = buffer, *end;
        filled += (size_t)n;
        buffer[filled] = '\0';
        for (; (end = strchr(line, '\n')); line = end + 1) {
            *end = '\0';
            visit(line);
        }
        filled -= (size_t)(line - buffer);
        memmove(buffer, line, filled);
    }
    close(fd);
}

static int maps_count;

static inline void maps_count_line(char *line)
{
    (void)line;
    maps_count++;
}

// How many mappings there are.
static inline int maps_mappings(void)
{
    maps_count = 0;
    maps_lines("/proc/self/maps", maps_count_line);
    return maps_count;
}

// A number of /proc/self/status, in KiB.

static const char *maps_status_name;
static long maps_status_value;

static inline void maps_status_visit(char *line)
{
    size_t length = strlen(maps_status_name);
    if (strncmp(line, maps_status_name, length) == 0 && line[length] == ':')
        maps_status_value = strtol(line + length + 1, NULL, 10);
}

static inline long maps_status_kib(const char *name)
{
    maps_status_name = name;
    maps_status_value = -1;
    maps_lines("/proc/self/status", maps_status_visit);
    CHECK(maps_status_value >= 0);
    return maps_status_value;
}

#endif
