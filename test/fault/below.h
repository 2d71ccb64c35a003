// SPDX-License-Identifier: MIT
// What stands between the malloc family and the heaps: nothing, or the secure library's wards.
#ifndef FAULT_BELOW_H
#define FAULT_BELOW_H

#include <stdbool.h>
#include <stddef.h>

// Sends on what waits there and can be sent on.
void below_flush(void);
// What stays there for the calling thread; the heaps take it for used.
size_t below_held_bytes(void);
// What a small object of n bytes takes of a heap.
size_t below_place_bytes(size_t n_bytes);
// Objects come back in random order, so two runs need not end with the same.
bool below_is_random(void);
// What was drawn when it booted differs from what nobody draws.
bool below_is_secret(void);

#endif
