// SPDX-License-Identifier: MIT
// memcpy, memmove and memset, and the forms that _FORTIFY_SOURCE calls: what they are to write has
// to lie within one object that is in use, if it lies where small objects are. Then the C library's
// own do the work. Calls from within this library come by here too.
#define _GNU_SOURCE
#include "os/os.h"
#include "ward/ward.h"

#define FUNCTION BP_EXPORT __attribute__((no_sanitize("address")))
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

typedef void *copier(void *to, const void *from, size_t n_bytes);
typedef void *setter(void *to, int value, size_t n_bytes);
typedef void *fortified_copier(void *to, const void *from, size_t n_bytes, size_t to_bytes);
typedef void *fortified_setter(void *to, int value, size_t n_bytes, size_t to_bytes);

// Until the constructor has run; the barrier keeps the compiler from calling what we are.
static void *move_plainly(void *to, const void *from, size_t n_bytes)
{
    char *at = to;
    const char *source = from;
    bool down = (size_t)at - (size_t)source < n_bytes;
    for (size_t i = 0; i < n_bytes; i++) {
        size_t index = down ? n_bytes - 1 - i : i;
        at[index] = source[index];
        __asm__ volatile("" ::: "memory");
    }
    return to;
}

static void *set_plainly(void *to, int value, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        ((char *)to)[i] = (char)value;
        __asm__ volatile("" ::: "memory");
    }
    return to;
}

static void *move_fortified(void *to, const void *from, size_t n_bytes, size_t to_bytes)
{
    if (n_bytes > to_bytes)
        bp_os_abort();
    return move_plainly(to, from, n_bytes);
}

static void *set_fortified(void *to, int value, size_t n_bytes, size_t to_bytes)
{
    if (n_bytes > to_bytes)
        bp_os_abort();
    return set_plainly(to, value, n_bytes);
}

static struct {
    copier *memcpy, *memmove;
    setter *memset;
    fortified_copier *memcpy_chk, *memmove_chk;
    fortified_setter *memset_chk;
} next = {move_plainly, move_plainly, set_plainly, move_fortified, move_fortified, set_fortified};

static void look_up(void *cell, const char *name)
{
    void *found = bp_os_next_function(name);
    if (found)
        *(void **)cell = found;
}

static __attribute__((constructor(102))) void begin(void)
{
    look_up(&next.memcpy, "memcpy");
    look_up(&next.memmove, "memmove");
    look_up(&next.memset, "memset");
    look_up(&next.memcpy_chk, "__memcpy_chk");
    look_up(&next.memmove_chk, "__memmove_chk");
    look_up(&next.memset_chk, "__memset_chk");
}

FUNCTION void *memcpy(void *restrict to, const void *restrict from, size_t n_bytes)
{
    bp_ward_expect_writable(to, n_bytes);
    return next.memcpy(to, from, n_bytes);
}

FUNCTION void *memmove(void *to, const void *from, size_t n_bytes)
{
    bp_ward_expect_writable(to, n_bytes);
    return next.memmove(to, from, n_bytes);
}

FUNCTION void *memset(void *to, int value, size_t n_bytes)
{
    bp_ward_expect_writable(to, n_bytes);
    return next.memset(to, value, n_bytes);
}

FUNCTION void *__memcpy_chk(void *restrict to, const void *restrict from, size_t n_bytes,
                            size_t to_bytes)
{
    bp_ward_expect_writable(to, n_bytes);
    return next.memcpy_chk(to, from, n_bytes, to_bytes);
}

FUNCTION void *__memmove_chk(void *to, const void *from, size_t n_bytes, size_t to_bytes)
{
    bp_ward_expect_writable(to, n_bytes);
    return next.memmove_chk(to, from, n_bytes, to_bytes);
}

FUNCTION void *__memset_chk(void *to, int value, size_t n_bytes, size_t to_bytes)
{
    bp_ward_expect_writable(to, n_bytes);
    return next.memset_chk(to, value, n_bytes, to_bytes);
}
