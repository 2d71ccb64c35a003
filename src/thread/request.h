// SPDX-License-Identifier: MIT
// A request of any size from any thread: picks the heap, the way to serve it, and the way out
// when memory is short. NULL means that nothing could be had; nothing is lost by it.
// errno is the business of the entry layer.
#ifndef BP_THREAD_REQUEST_H
#define BP_THREAD_REQUEST_H

#include "thread/large.h"

// align: a power of two.
void *bp_request_alloc(size_t n_bytes, size_t align, bool zero);
enum bp_verdict bp_request_free(void *pointer);
// That can grow to max_bytes without moving (bp_large_alloc_stable).
void *bp_request_alloc_stable(size_t n_bytes, size_t max_bytes);
// A slot of a class region or nothing (bp_large_alloc_slot).
void *bp_request_alloc_slot(size_t n_bytes, bool zero, bool huge);
// As bp_request_free, with bp_large_free_eagerly.
enum bp_verdict bp_request_free_eagerly(void *pointer);
// Usable bytes; *ret_verdict says why if it is 0.
size_t bp_request_usable(const void *pointer, enum bp_verdict *ret_verdict);
// realloc for n_bytes > 0. NULL with BP_DONE: memory has run out, the object is untouched.
void *bp_request_resize(void *pointer, size_t n_bytes, enum bp_verdict *ret_verdict);
// For a stable object and n_bytes up to its maximum. False: memory has run out, nothing changed.
bool bp_request_resize_stable(void *pointer, size_t n_bytes);
// Gives back what caches of all kinds hold; returns the bytes released to the system.
size_t bp_request_trim(void);

#endif
