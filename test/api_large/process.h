// SPDX-License-Identifier: MIT
// What the system says of this process. Nothing here allocates.
#ifndef TEST_API_LARGE_PROCESS_H
#define TEST_API_LARGE_PROCESS_H

#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

enum { PAGE = 4096 };

static inline size_t process_mappings(void)
{
    static char buffer[1 << 16];
    size_t lines = 0;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;) {
        for (ssize_t i = 0; i < n; i++)
            lines += buffer[i] == '\n';
    }
    close(fd);
    return lines;
}

// Of a range that starts at a page: the pages that are in memory.
static inline size_t process_resident(const void *start, size_t n_bytes)
{
    static unsigned char pages[1 << 16];
    size_t resident = 0;
    for (size_t at = 0; at < n_bytes; at += sizeof pages * PAGE) {
        size_t part = n_bytes - at < sizeof pages * PAGE ? n_bytes - at : sizeof pages * PAGE;
        if (mincore((char *)(uintptr_t)start + at, part, pages))
            return (size_t)-1;
        for (size_t i = 0; i < (part + PAGE - 1) / PAGE; i++)
            resident += pages[i] & 1;
    }
    return resident;
}

// The wait status of a child that runs fn.
static inline int process_child(void (*fn)(void *), void *argument)
{
    int status = 0;
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        check_failures = 0;
        fn(argument);
        _exit(check_end());
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    return status;
}

static inline bool process_passed(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == CHECK_PASS;
}

#endif
