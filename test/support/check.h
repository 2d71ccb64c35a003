// SPDX-License-Identifier: MIT
// Assertions that count failures and go on. Nothing here allocates (the allocator is on trial) and
// nothing here changes errno. Usable from C11 and C++17, from several threads and several files.
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifndef CHECK_STATIC
#include <dlfcn.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum { CHECK_PASS = 0, CHECK_FAIL = 1, CHECK_SKIP = 77, CHECK_MAX_REPORTS = 50 };

// Weak, so that all files of one test program share it.
extern int check_failures;
__attribute__((weak)) int check_failures = 0;

__attribute__((format(printf, 1, 2))) static inline void check_print(const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    size_t n_bytes = n < 0 ? 0 : (size_t)n < sizeof line - 2 ? (size_t)n : sizeof line - 2;
    line[n_bytes] = '\n';
    if (write(STDERR_FILENO, line, n_bytes + 1) < 0)
        _exit(CHECK_FAIL);
}

// One more failure; true if it should still be printed.
static inline bool check_count_failure(void)
{
    int n = __atomic_add_fetch(&check_failures, 1, __ATOMIC_RELAXED);
    if (n == CHECK_MAX_REPORTS)
        check_print("(further failures are counted, not printed)");
    return n < CHECK_MAX_REPORTS;
}

static inline bool check_true(bool ok, const char *file, int line, const char *text)
{
    int saved = errno;
    if (!ok && check_count_failure())
        check_print("%s:%d: expected: %s", file, line, text);
    errno = saved;
    return ok;
}

static inline bool check_int(long long actual, long long expected, const char *file, int line,
                             const char *text)
{
    int saved = errno;
    if (actual != expected && check_count_failure())
        check_print("%s:%d: %s: expected %lld (0x%llx), actual %lld (0x%llx)", file, line, text,
                    expected, (unsigned long long)expected, actual, (unsigned long long)actual);
    errno = saved;
    return actual == expected;
}

static inline bool check_ptr(const void *actual, const void *expected, const char *file, int line,
                             const char *text)
{
    int saved = errno;
    if (actual != expected && check_count_failure())
        check_print("%s:%d: %s: expected %p, actual %p", file, line, text, expected, actual);
    errno = saved;
    return actual == expected;
}

static inline bool check_str(const char *actual, const char *expected, const char *file, int line,
                             const char *text)
{
    int saved = errno;
    bool ok = actual && expected && strcmp(actual, expected) == 0;
    if (!ok && check_count_failure())
        check_print("%s:%d: %s: expected \"%s\", actual \"%s\"", file, line, text,
                    expected ? expected : "(null)", actual ? actual : "(null)");
    errno = saved;
    return ok;
}

static inline bool check_aligned(const void *p, size_t alignment, const char *file, int line,
                                 const char *text)
{
    int saved = errno;
    bool ok = p && ((uintptr_t)p & (alignment - 1)) == 0;
    if (!ok && check_count_failure())
        check_print("%s:%d: %s: expected a multiple of %zu, actual %p", file, line, text, alignment,
                    p);
    errno = saved;
    return ok;
}

__attribute__((format(printf, 5, 6))) static inline bool
check_fmt(bool ok, const char *file, int line, const char *text, const char *format, ...)
{
    if (ok)
        return true;
    int saved = errno;
    char note[256];
    va_list args;
    va_start(args, format);
    vsnprintf(note, sizeof note, format, args);
    va_end(args);
    if (check_count_failure())
        check_print("%s:%d: expected: %s (%s)", file, line, text, note);
    errno = saved;
    return false;
}

// All yield true if the check holds, so that a test can guard what depends on it.
#define CHECK(cond) check_true((cond), __FILE__, __LINE__, #cond)
#define CHECK_EQ(actual, expected)                                                                 \
    check_int((long long)(actual), (long long)(expected), __FILE__, __LINE__, #actual)
#define CHECK_PTR(actual, expected) check_ptr((actual), (expected), __FILE__, __LINE__, #actual)
#define CHECK_STR(actual, expected) check_str((actual), (expected), __FILE__, __LINE__, #actual)
#define CHECK_NULL(p)               check_ptr((p), NULL, __FILE__, __LINE__, #p)
#define CHECK_NOT_NULL(p)           check_true((p) != NULL, __FILE__, __LINE__, #p " is not NULL")
#define CHECK_ALIGNED(p, alignment) check_aligned((p), (alignment), __FILE__, __LINE__, #p)
// With the values that led here, for checks inside loops: CHECK_FMT(p != NULL, "size %zu", n).
#define CHECK_FMT(cond, ...) check_fmt((cond), __FILE__, __LINE__, #cond, __VA_ARGS__)
// For what the rest of the test cannot do without.
#define REQUIRE(cond)                                                                              \
    do {                                                                                           \
        if (!CHECK(cond))                                                                          \
            _exit(CHECK_FAIL);                                                                     \
    } while (0)

__attribute__((noreturn)) static inline void check_skip(const char *reason)
{
    check_print("skipped: %s", reason);
    _exit(CHECK_SKIP);
}

// Is the allocator of this process the library (rather than the system's, the oracle)?
#if defined(CHECK_ORACLE)
static inline bool check_library(void)
{
    return false;
}
#elif defined(CHECK_STATIC)
extern const char *bump_version(void) __attribute__((weak));
static inline bool check_library(void)
{
    return bump_version != NULL;
}
#else
static inline bool check_library(void)
{
    static int known; // a dlsym that fails allocates, so ask once
    if (!known)
        known = dlsym(RTLD_DEFAULT, "bump_version") ? 1 : -1;
    return known > 0;
}
#endif

// A preload that did not take effect must not pass for a good one, nor the library for its oracle.
static inline void check_begin(void)
{
    const char *expect = getenv("BUMP_TEST_EXPECT");
    bool wanted = expect && strcmp(expect, "1") == 0;
    if (expect && wanted != check_library()) {
        check_print("expected %s as the allocator: bump_version is %s",
                    wanted ? "the library" : "the system's own",
                    check_library() ? "present" : "absent");
        _exit(CHECK_FAIL);
    }
}

// The exit status of the test.
static inline int check_end(void)
{
    int n = __atomic_load_n(&check_failures, __ATOMIC_RELAXED);
    if (n)
        check_print("%d check%s failed", n, n == 1 ? "" : "s");
    return n ? CHECK_FAIL : CHECK_PASS;
}

#ifdef __cplusplus
}
#endif

// int main for a test made of void (*)(void) cases: CHECK_MAIN(first, second, third)
#define CHECK_MAIN(...)                                                                            \
    int main(void)                                                                                 \
    {                                                                                              \
        void (*const cases[])(void) = {__VA_ARGS__};                                               \
        check_begin();                                                                             \
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)                                \
            cases[i]();                                                                            \
        return check_end();                                                                        \
    }

#endif
