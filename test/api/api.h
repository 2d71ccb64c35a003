// SPDX-License-Identifier: MIT
// What the tests of the public API share: children that must die, pages as the kernel sees them.
#ifndef TEST_API_H
#define TEST_API_H

#include "check.h"

#include <bumpalloc/bumpalloc.h>
#if !defined(_WIN32)
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#endif

enum { KIB = 1 << 10, MIB = 1 << 20, STEP = 64 * KIB };
#define GIB ((size_t)1 << 30)

// What may be reserved without a thought. An emulator pays for every reserved page.
#if defined(CHECK_EMULATED)
#define VAST GIB
#else
#define VAST (GIB << 10)
#endif

static inline void write_42(void *address)
{
    *(volatile char *)address = 42;
}

static inline void read_it(void *address)
{
    (void)*(volatile char *)address;
}

#if defined(_WIN32)
#include "api_windows.h"
#else

static inline size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

// The wait status of a child that runs fn; 0 if it returned.
static inline int in_child(void (*fn)(void *), void *argument)
{
    int status = 0;
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        alarm(20);
        check_failures = 0;
        fn(argument);
        _exit(check_end());
    }
    while (waitpid(child, &status, 0) < 0)
        REQUIRE(errno == EINTR);
    return status;
}

static inline bool faults(void (*access)(void *), void *address)
{
    int status = in_child(access, address);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

// An emulator whose page is larger than the kernel's answers for each of the kernel's.
enum { KERNEL_PAGES = 16 };

static inline bool is_mapped(void *address)
{
    unsigned char bits[KERNEL_PAGES];
    return mincore(address, page_bytes(), bits) == 0;
}

static inline bool is_resident(void *address)
{
    unsigned char bits[KERNEL_PAGES] = {0};
    return mincore(address, page_bytes(), bits) == 0 && (bits[0] & 1);
}

#endif

static inline bool is_filled(const void *bytes, size_t n_bytes, unsigned char with)
{
    const unsigned char *at = (const unsigned char *)bytes;
    for (size_t i = 0; i < n_bytes; i++) {
        if (at[i] != with)
            return false;
    }
    return true;
}

#endif
