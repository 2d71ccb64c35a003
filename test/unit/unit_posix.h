// SPDX-License-Identifier: MIT
// unit.h on POSIX systems: a case runs in the child of a fork.
#ifndef UNIT_POSIX_H
#define UNIT_POSIX_H

#include "check.h"
#include "prng.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

// A sanitizer makes everything several times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { UNIT_SECONDS = 150 };
#else
enum { UNIT_SECONDS = 20 };
#endif

enum { UNIT_TEXT = 4096 };

struct unit_case {
    const char *name;
    void (*run)(void);
};

static inline void unit_child_begin(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGALRM, SIG_DFL);
    alarm(UNIT_SECONDS);
    check_failures = 0;
}

static inline int unit_wait(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        REQUIRE(errno == EINTR);
    return status;
}

// The wait status of a child that runs fn.
static inline int unit_fork(void (*fn)(void))
{
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        unit_child_begin();
        fn();
        _exit(check_end());
    }
    return unit_wait(child);
}

static inline bool unit_aborted(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static inline bool unit_is_mapped(const void *address)
{
    unsigned char resident;
    return mincore((void *)(uintptr_t)address, (size_t)sysconf(_SC_PAGESIZE), &resident) == 0;
}

// Of a mapped page: is there memory behind it?
static inline bool unit_is_resident(const void *address)
{
    unsigned char resident;
    REQUIRE(mincore((void *)(uintptr_t)address, (size_t)sysconf(_SC_PAGESIZE), &resident) == 0);
    return resident & 1;
}

// A descriptor, as the library has them, that takes everything.
static inline int unit_sink(void)
{
    return open("/dev/null", O_WRONLY);
}

// Grows with each descriptor that is left open: the number that the next one gets.
static inline unsigned unit_open_files(void)
{
    int next = open("/dev/null", O_RDONLY);
    REQUIRE(next >= 0 && close(next) == 0);
    return (unsigned)next;
}

static inline void unit_expect_pass(const char *name, void (*fn)(void))
{
    int status = unit_fork(fn);
    CHECK_FMT(WIFEXITED(status) && WEXITSTATUS(status) == CHECK_PASS, "%s: wait status 0x%x", name,
              (unsigned)status);
}

// What a failed assertion of the checks build does.
static inline void unit_expect_trap(const char *name, void (*fn)(void))
{
    int status = unit_fork(fn);
    CHECK_FMT(WIFSIGNALED(status) && (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP),
              "%s: wait status 0x%x", name, (unsigned)status);
}

static inline void unit_expect_signal(const char *name, void (*fn)(void), int expected)
{
    int status = unit_fork(fn);
    CHECK_FMT(WIFSIGNALED(status) && WTERMSIG(status) == expected,
              "%s: wait status 0x%x, expected signal %d", name, (unsigned)status, expected);
}

// The wait status of a child that runs fn, and all that it wrote to stderr.
static inline int unit_capture(void (*fn)(void), char ret_text[UNIT_TEXT])
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        unit_child_begin();
        dup2(ends[1], STDERR_FILENO);
        fn();
        _exit(check_end());
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t n = 1; n > 0; length += (size_t)(n > 0 ? n : 0))
        n = read(ends[0], ret_text + length, UNIT_TEXT - 1 - length);
    ret_text[length] = 0;
    close(ends[0]);
    return unit_wait(child);
}

// Does the kernel find memory there that it may read, or write? No signal is raised. One thread at
// a time.
static inline bool unit_can(const void *address, bool to_write)
{
    static int ends[2];
    char sink = 0, *target = to_write ? (char *)(uintptr_t)address : &sink;
    int saved = errno;
    if (!ends[1])
        REQUIRE(pipe(ends) == 0);
    bool can = write(ends[1], address, 1) == 1;
    if (can && read(ends[0], target, 1) != 1) {
        can = false;
        REQUIRE(read(ends[0], &sink, 1) == 1);
    }
    errno = saved;
    return can;
}

#endif
