// SPDX-License-Identifier: MIT
// The 20 C++ operators under their Itanium names: all of them, because one that is missing goes
// past us without a sound. `const void *` stands for std::nothrow_t, size_t for std::align_val_t.
#include "base/bits.h"
#include "entry/entry.h"
#include "interpose/hot.h"

#define OPERATOR BP_EXPORT
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

static inline void *hot_new(size_t n_bytes)
{
    void *object = bp_hot_try_malloc(n_bytes);
    return BP_LIKELY(object) ? object : bp_entry_new_slow(n_bytes);
}

static inline void *hot_new_nothrow(size_t n_bytes, const void *tag)
{
    void *object = bp_hot_try_malloc(n_bytes);
    return BP_LIKELY(object) ? object : bp_entry_new_nothrow(n_bytes, BP_OBJECT_ALIGN, tag);
}

static inline void hot_delete(void *object)
{
    if (BP_UNLIKELY(!bp_hot_try_free(object)))
        bp_entry_free_slow(object);
}

// --- new, new[] ---

OPERATOR void *_Znwm(size_t n_bytes)
{
    return bp_hot_mark_new(hot_new(n_bytes));
}

OPERATOR void *_Znam(size_t n_bytes)
{
    return bp_hot_mark_new_array(hot_new(n_bytes));
}

OPERATOR void *_ZnwmRKSt9nothrow_t(size_t n_bytes, const void *tag)
{
    return bp_hot_mark_new(hot_new_nothrow(n_bytes, tag));
}

OPERATOR void *_ZnamRKSt9nothrow_t(size_t n_bytes, const void *tag)
{
    return bp_hot_mark_new_array(hot_new_nothrow(n_bytes, tag));
}

OPERATOR void *_ZnwmSt11align_val_t(size_t n_bytes, size_t align)
{
    return bp_hot_mark_new(bp_entry_new_aligned(n_bytes, bp_max(align, BP_OBJECT_ALIGN)));
}

OPERATOR void *_ZnamSt11align_val_t(size_t n_bytes, size_t align)
{
    return bp_hot_mark_new_array(bp_entry_new_aligned(n_bytes, bp_max(align, BP_OBJECT_ALIGN)));
}

OPERATOR void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t n_bytes, size_t align, const void *tag)
{
    return bp_hot_mark_new(bp_entry_new_nothrow(n_bytes, bp_max(align, BP_OBJECT_ALIGN), tag));
}

OPERATOR void *_ZnamSt11align_val_tRKSt9nothrow_t(size_t n_bytes, size_t align, const void *tag)
{
    return bp_hot_mark_new_array(
        bp_entry_new_nothrow(n_bytes, bp_max(align, BP_OBJECT_ALIGN), tag));
}

// --- delete, delete[] ---

#define DELETE(name, ...)                                                                          \
    OPERATOR void name(__VA_ARGS__)                                                                \
    {                                                                                              \
        bp_hot_expect_new(object);                                                                 \
        hot_delete(object);                                                                        \
    }
#define DELETE_ARRAY(name, ...)                                                                    \
    OPERATOR void name(__VA_ARGS__)                                                                \
    {                                                                                              \
        bp_hot_expect_new_array(object);                                                           \
        hot_delete(object);                                                                        \
    }
#define DELETE_SIZED(name, ...)                                                                    \
    OPERATOR void name(__VA_ARGS__)                                                                \
    {                                                                                              \
        bp_hot_expect_new(object);                                                                 \
        bp_hot_expect_size(object, n_bytes);                                                       \
        hot_delete(object);                                                                        \
    }
#define DELETE_ARRAY_SIZED(name, ...)                                                              \
    OPERATOR void name(__VA_ARGS__)                                                                \
    {                                                                                              \
        bp_hot_expect_new_array(object);                                                           \
        bp_hot_expect_size(object, n_bytes);                                                       \
        hot_delete(object);                                                                        \
    }
#pragma GCC diagnostic ignored "-Wunused-parameter"

DELETE(_ZdlPv, void *object)
DELETE_ARRAY(_ZdaPv, void *object)
DELETE(_ZdlPvRKSt9nothrow_t, void *object, const void *tag)
DELETE_ARRAY(_ZdaPvRKSt9nothrow_t, void *object, const void *tag)
DELETE_SIZED(_ZdlPvm, void *object, size_t n_bytes)
DELETE_ARRAY_SIZED(_ZdaPvm, void *object, size_t n_bytes)
DELETE(_ZdlPvSt11align_val_t, void *object, size_t align)
DELETE_ARRAY(_ZdaPvSt11align_val_t, void *object, size_t align)
DELETE_SIZED(_ZdlPvmSt11align_val_t, void *object, size_t n_bytes, size_t align)
DELETE_ARRAY_SIZED(_ZdaPvmSt11align_val_t, void *object, size_t n_bytes, size_t align)
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, void *object, size_t align, const void *tag)
DELETE_ARRAY(_ZdaPvSt11align_val_tRKSt9nothrow_t, void *object, size_t align, const void *tag)

#if BP_ARCHIVE
// entry/new.c knows these weakly, and a weak name takes nothing out of libstdc++'s archive.
extern void (*_ZSt15get_new_handlerv(void))(void);
extern void _ZSt17__throw_bad_allocv(void);
__attribute__((used)) static void *const runtime[] = {
    (void *)(size_t)_ZSt15get_new_handlerv,
    (void *)(size_t)_ZSt17__throw_bad_allocv,
};
#endif
