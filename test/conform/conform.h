// SPDX-License-Identifier: MIT
// What the conformance tests share: which allocator is on trial, and how to look at its memory.
#ifndef TEST_CONFORM_H
#define TEST_CONFORM_H

#include "check.h"
#include "prng.h"

#include <fcntl.h>
#include <malloc.h>
#if defined(_WIN32)
#include "conform_windows.h"
#else
#include <sys/mman.h>
#endif

enum { KIB = 1024, MIB = 1024 * 1024, GIB = 1024 * 1024 * 1024 };

// A size that the compiler cannot see through: some calls are wrong on purpose.
static inline size_t opaque(size_t n)
{
    __asm__("" : "+r"(n));
    return n;
}

static inline void *opaque_ptr(void *p)
{
    __asm__ volatile("" : "+r"(p) : : "memory");
    return p;
}

#ifdef CHECK_STATIC
#ifdef __cplusplus
extern "C" {
#endif
extern bool bump_owns(const void *p) __attribute__((weak));
#ifdef __cplusplus
}
#endif
static inline bool library_owns(const void *p)
{
    return bump_owns && bump_owns(p);
}
#else
static inline bool library_owns(const void *p)
{
    static union {
        void *address;
        bool (*call)(const void *);
    } owns;
    if (!owns.address)
        owns.address = dlsym(RTLD_DEFAULT, "bump_owns");
    return owns.address && owns.call(p);
}
#endif

// The library must know its own blocks; the oracle has nobody to ask.
static inline bool owned(const void *p)
{
    return !check_library() || library_owns(p);
}

// A live block that the allocator on trial handed out: there, its own and 16-aligned.
static inline bool check_block(const void *p, const char *file, int line, const char *text)
{
    return check_true(p != NULL, file, line, text) && check_aligned(p, 16, file, line, text) &&
           check_true(owned(p), file, line, "bump_owns(block)");
}
#define CHECK_BLOCK(p) check_block((p), __FILE__, __LINE__, #p)

// The call failed for want of memory and said so.
#define CHECK_NO_MEMORY(call)                                                                      \
    do {                                                                                           \
        errno = 0;                                                                                 \
        CHECK_NULL(call);                                                                          \
        CHECK_EQ(errno, ENOMEM);                                                                   \
    } while (0)

#if !defined(_WIN32)
// Resident memory now, from /proc without stdio. Under an emulator that is the emulator's: nothing
// can be said then, and nothing grows.
static inline size_t resident_bytes(void)
{
#if defined(CHECK_EMULATED)
    return 0;
#endif
    char text[128] = {0};
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    const char *second = n > 0 ? strchr(text, ' ') : NULL;
    return second ? strtoul(second, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}
#endif

// How much resident memory grew since `before`.
static inline size_t resident_growth(size_t before)
{
    size_t now = resident_bytes();
    return now > before ? now - before : 0;
}

// One write to each 4 KiB, so that all of a block is resident.
static inline void touch(void *block, size_t n_bytes)
{
    volatile char *p = (volatile char *)block;
    for (size_t i = 0; i < n_bytes; i += 4096)
        p[i] = 1;
    if (n_bytes)
        p[n_bytes - 1] = 1;
}

// Do fresh blocks of many sizes stay apart? A block freed into the wrong place shows up here.
static inline void check_heap_apart(void)
{
    enum { N = 400 };
    static unsigned char *blocks[N];
    static const size_t sizes[] = {1, 16, 40, 100, 256, 700, 1000, 4000, 20000, 70000};
    const size_t n_sizes = sizeof sizes / sizeof sizes[0];
    for (size_t i = 0; i < N; i++) {
        size_t n_bytes = sizes[i % n_sizes];
        blocks[i] = (unsigned char *)malloc(n_bytes);
        if (CHECK_BLOCK(blocks[i]))
            pattern_fill(blocks[i], n_bytes, i);
    }
    for (size_t i = 0; i < N; i++) {
        size_t n_bytes = sizes[i % n_sizes];
        size_t at = blocks[i] ? pattern_mismatch(blocks[i], n_bytes, i) : n_bytes;
        CHECK_FMT(at == n_bytes, "block %zu of %zu bytes changed at %zu", i, n_bytes, at);
        free(blocks[i]);
    }
}

#endif
