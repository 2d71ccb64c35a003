// SPDX-License-Identifier: MIT
// Unit tests: each case runs in a child of its own, so that the layer's global state is fresh.
// The program links no more layers than the one on trial and those below it.
#ifndef UNIT_H
#define UNIT_H

#if defined(_WIN32)
#include "unit_windows.h"
#else
#include "unit_posix.h"
#endif

// To ThreadSanitizer, threads of a forked child are those of the parent whose stacks they have.
#if defined(__SANITIZE_THREAD__)
enum { UNIT_CHILD_STARTS_THREADS = false };
#else
enum { UNIT_CHILD_STARTS_THREADS = true };
#endif

static inline bool unit_readable(const void *address)
{
    return unit_can(address, false);
}

static inline bool unit_writable(const void *address)
{
    return unit_can(address, true);
}

static inline int unit_run_cases(const struct unit_case *cases, size_t count)
{
    check_begin();
    for (size_t i = 0; i < count; i++)
        unit_expect_pass(cases[i].name, cases[i].run);
    return check_end();
}

#define UNIT_CASE(fn)                                                                              \
    {                                                                                              \
#fn, fn                                                                                    \
    }

// int main for a test of such cases: UNIT_MAIN(UNIT_CASE(first), UNIT_CASE(second))
#define UNIT_MAIN(...)                                                                             \
    int main(void)                                                                                 \
    {                                                                                              \
        static const struct unit_case cases[] = {__VA_ARGS__};                                     \
        return unit_run_cases(cases, sizeof cases / sizeof cases[0]);                              \
    }

#endif
