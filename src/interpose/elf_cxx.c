// SPDX-License-Identifier: MIT
// The 20 C++ operators under their Itanium names: all of them, because one that is missing goes
// past us without a sound. `const void *` stands for std::nothrow_t, size_t for std::align_val_t.
#include "interpose/elf_cxx.h"
#include "base/bits.h"
#include "entry/entry.h"
#include "interpose/hot.h"

#define OPERATOR BP_EXPORT
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

// Whether the program has its own form of an operator that others are made of.
#define REPLACED(form) BP_UNLIKELY(bp_cxx_named.form != bp_cxx_own.form)

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
    if (REPLACED(new_one))
        return bp_cxx_named.new_one(n_bytes);
    return bp_hot_mark_new_array(hot_new(n_bytes));
}

OPERATOR void *_ZnwmRKSt9nothrow_t(size_t n_bytes, const void *tag)
{
    if (REPLACED(new_one))
        return bp_entry_new_caught(bp_cxx_named.new_one, false, n_bytes, tag);
    return bp_hot_mark_new(hot_new_nothrow(n_bytes, tag));
}

OPERATOR void *_ZnamRKSt9nothrow_t(size_t n_bytes, const void *tag)
{
    if (REPLACED(new_one) || REPLACED(new_array))
        return bp_entry_new_caught(bp_cxx_named.new_array, true, n_bytes, tag);
    return bp_hot_mark_new_array(hot_new_nothrow(n_bytes, tag));
}

OPERATOR void *_ZnwmSt11align_val_t(size_t n_bytes, size_t align)
{
    return bp_hot_mark_new(bp_entry_new_aligned(n_bytes, bp_max(align, BP_OBJECT_ALIGN)));
}

OPERATOR void *_ZnamSt11align_val_t(size_t n_bytes, size_t align)
{
    if (REPLACED(new_aligned))
        return bp_cxx_named.new_aligned(n_bytes, align);
    return bp_hot_mark_new_array(bp_entry_new_aligned(n_bytes, bp_max(align, BP_OBJECT_ALIGN)));
}

OPERATOR void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t n_bytes, size_t align, const void *tag)
{
    if (REPLACED(new_aligned))
        return bp_entry_new_aligned_caught(bp_cxx_named.new_aligned, false, n_bytes, align, tag);
    return bp_hot_mark_new(bp_entry_new_nothrow(n_bytes, bp_max(align, BP_OBJECT_ALIGN), tag));
}

OPERATOR void *_ZnamSt11align_val_tRKSt9nothrow_t(size_t n_bytes, size_t align, const void *tag)
{
    if (REPLACED(new_aligned) || REPLACED(new_array_aligned))
        return bp_entry_new_aligned_caught(bp_cxx_named.new_array_aligned, true, n_bytes, align,
                                           tag);
    return bp_hot_mark_new_array(
        bp_entry_new_nothrow(n_bytes, bp_max(align, BP_OBJECT_ALIGN), tag));
}

// --- delete, delete[] ---

// Whether the object went by the operator that these are made of, because that is the program's.
static inline bool by_one(void *object)
{
    if (!REPLACED(delete_one))
        return false;
    bp_cxx_named.delete_one(object);
    return true;
}

static inline bool by_array(void *object)
{
    if (!REPLACED(delete_array))
        return by_one(object);
    bp_cxx_named.delete_array(object);
    return true;
}

static inline bool by_aligned(void *object, size_t align)
{
    if (!REPLACED(delete_aligned))
        return false;
    bp_cxx_named.delete_aligned(object, align);
    return true;
}

static inline bool by_array_aligned(void *object, size_t align)
{
    if (!REPLACED(delete_array_aligned))
        return by_aligned(object, align);
    bp_cxx_named.delete_array_aligned(object, align);
    return true;
}

#define DELETE(name, unless, ...)                                                                  \
    OPERATOR void name(__VA_ARGS__)                                                                \
    {                                                                                              \
        if (unless)                                                                                \
            return;                                                                                \
        bp_hot_expect_new(object);                                                                 \
        hot_delete(object);                                                                        \
    }
#define DELETE_ARRAY(name, unless, ...)                                                            \
    OPERATOR void name(__VA_ARGS__)                                                                \
    {                                                                                              \
        if (unless)                                                                                \
            return;                                                                                \
        bp_hot_expect_new_array(object);                                                           \
        hot_delete(object);                                                                        \
    }
#define DELETE_SIZED(name, unless, ...)                                                            \
    OPERATOR void name(__VA_ARGS__)                                                                \
    {                                                                                              \
        if (unless)                                                                                \
            return;                                                                                \
        bp_hot_expect_new(object);                                                                 \
        bp_hot_expect_size(object, n_bytes);                                                       \
        hot_delete(object);                                                                        \
    }
#define DELETE_ARRAY_SIZED(name, unless, ...)                                                      \
    OPERATOR void name(__VA_ARGS__)                                                                \
    {                                                                                              \
        if (unless)                                                                                \
            return;                                                                                \
        bp_hot_expect_new_array(object);                                                           \
        bp_hot_expect_size(object, n_bytes);                                                       \
        hot_delete(object);                                                                        \
    }
#pragma GCC diagnostic ignored "-Wunused-parameter"

DELETE(_ZdlPv, false, void *object)
DELETE_ARRAY(_ZdaPv, by_one(object), void *object)
DELETE(_ZdlPvRKSt9nothrow_t, by_one(object), void *object, const void *tag)
DELETE_ARRAY(_ZdaPvRKSt9nothrow_t, by_array(object), void *object, const void *tag)
DELETE_SIZED(_ZdlPvm, by_one(object), void *object, size_t n_bytes)
DELETE_ARRAY_SIZED(_ZdaPvm, by_array(object), void *object, size_t n_bytes)
DELETE(_ZdlPvSt11align_val_t, false, void *object, size_t align)
DELETE_ARRAY(_ZdaPvSt11align_val_t, by_aligned(object, align), void *object, size_t align)
DELETE_SIZED(_ZdlPvmSt11align_val_t, by_aligned(object, align), void *object, size_t n_bytes,
             size_t align)
DELETE_ARRAY_SIZED(_ZdaPvmSt11align_val_t, by_array_aligned(object, align), void *object,
                   size_t n_bytes, size_t align)
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, by_aligned(object, align), void *object, size_t align,
       const void *tag)
DELETE_ARRAY(_ZdaPvSt11align_val_tRKSt9nothrow_t, by_array_aligned(object, align), void *object,
             size_t align, const void *tag)

// The base operators as they are here, whatever the process calls by their names.
#define OWN(name) extern BP_HIDDEN __typeof__(name) bp_own##name __attribute__((alias(#name)))
OWN(_Znwm);
OWN(_Znam);
OWN(_ZnwmSt11align_val_t);
OWN(_ZnamSt11align_val_t);
OWN(_ZdlPv);
OWN(_ZdaPv);
OWN(_ZdlPvSt11align_val_t);
OWN(_ZdaPvSt11align_val_t);

#if BP_ARCHIVE
// entry/new.c knows these weakly, and a weak name takes nothing out of libstdc++'s archive.
extern void (*_ZSt15get_new_handlerv(void))(void);
extern void _ZSt17__throw_bad_allocv(void);
__attribute__((used)) static void *const runtime[] = {
    (void *)(size_t)_ZSt15get_new_handlerv,
    (void *)(size_t)_ZSt17__throw_bad_allocv,
};
#endif
