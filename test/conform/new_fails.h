// SPDX-License-Identifier: MIT
// What the tests of a failing operator new share.
#ifndef TEST_NEW_FAILS_H
#define TEST_NEW_FAILS_H

#include "conform.h"

#include <new>

inline int handler_calls;

// A handler that gives up at the third call, as a program would that has run out of reserves.
inline void give_up_at_third_call()
{
    if (++handler_calls == 3)
        std::set_new_handler(nullptr);
}

inline void arm(std::new_handler handler)
{
    handler_calls = 0;
    std::set_new_handler(handler);
}

inline constexpr size_t impossible_sizes[] = {SIZE_MAX,        SIZE_MAX - 15,
                                              SIZE_MAX - 4096, (size_t)PTRDIFF_MAX + 1,
                                              PTRDIFF_MAX,     (size_t)1 << 48};
inline constexpr std::align_val_t wide{4096};

using new_form = void *(*)(size_t);

// Each form with each size that cannot be. The system's aligned forms round the size up to the
// alignment without looking, so sizes that wrap there tell nothing about new.
template <typename Test> void for_impossible(const new_form (&forms)[4], Test test)
{
    for (size_t i = 0; i < 4; i++)
        for (size_t n_bytes : impossible_sizes)
            if (check_library() || i < 2 || n_bytes <= SIZE_MAX - (size_t)wide)
                test(forms[i], opaque(n_bytes));
}

#endif
