// SPDX-License-Identifier: MIT
// Objects that grow and shrink where they are, up to a maximum given at birth.
//
// A stable object takes addresses for its maximum and memory for what of it was used: a maximum of
// a gigabyte costs nothing. Pointers into it stay valid as long as it lives. Objects lie side by
// side in the allocator's reservation, without a header and, while the system does not count every
// committed byte (Linux with overcommit_memory=2), without a mapping each: tens of thousands may
// live at once. With the usual reservation of 16 TiB there is room for 65,000 objects with a
// maximum of 16 MiB and for 1,000 with one of 1 GiB; what comes after those gets addresses outside
// of it, at the price of a lock.
//
// Objects start at a multiple of their maximum, rounded up to a power of two, but at most 1 GiB; at
// a page, outside the reservation. Their content is not defined until it is written. Where malloc
// is this library's, free(), realloc() and malloc_usable_size() take them too; realloc() leaves
// them in place as far as they go and moves them beyond that (the object is an ordinary one then).
//
// All functions may be called from any thread, each object by one at a time. After fork the child
// has copies of its own.
//
// After v_alloc (v_alloc_realloc). BUMPALLOC_STABLE_REALLOC=SIZE:FACTOR makes realloc() do the same
// unasked: what it makes as large as SIZE can grow FACTOR times without moving.
#ifndef BUMPALLOC_STABLE_H
#define BUMPALLOC_STABLE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// The maximum of objects that are given none.
#define BUMP_STABLE_DEFAULT_MAX_BYTES ((size_t)1 << 30)

// A new object of n_bytes (0 is as good as 1) that can grow to max_bytes at least; max_bytes 0
// stands for BUMP_STABLE_DEFAULT_MAX_BYTES. NULL if the system has no memory or no addresses, or if
// n_bytes is above the maximum.
void *bump_stable_alloc(size_t n_bytes, size_t max_bytes);

// Grows or shrinks the object where it is. -ERANGE beyond its maximum; -ENOMEM; -EINVAL for what is
// no stable object. When it fails, the object is as it was. Growing costs no system call. What a
// shrunken object does not need goes back to the system once it is more than half of its size and
// 64 KiB, so a size that goes up and down costs none either.
int bump_stable_resize(void *object, size_t n_bytes);

// The same in the shape of realloc, for libraries that want such a function: object NULL makes a
// new one with the default maximum, n_bytes 0 frees it and returns NULL. Otherwise the result is
// object itself, or NULL with errno set to what bump_stable_resize returns; this is the one
// function here that sets errno.
void *bump_stable_realloc(void *object, size_t n_bytes);

// Frees the object; NULL is none. -EINVAL, and nothing happens, for what is no stable object.
int bump_stable_free(void *object);

// The bytes that may be used now: what was asked for last, rounded up to whole pages; 0 if it is no
// stable object.
size_t bump_stable_usable(const void *object);

// What the object can grow to: its maximum, rounded up; 0 if it is no stable object.
size_t bump_stable_max(const void *object);

#ifdef __cplusplus
}
#endif

#endif
