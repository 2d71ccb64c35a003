// SPDX-License-Identifier: MIT
// One bit for each 16 bytes of the address space: set while a live block covers them. Two live
// blocks that overlap are found at the moment the second one is handed out.
#ifndef STRESS_SHADOW_H
#define STRESS_SHADOW_H

#include <stdbool.h>
#include <stddef.h>

// False if the system has no room for it; the rest then does nothing.
bool shadow_open(void);
void shadow_add(const void *start, size_t n_bytes);
void shadow_remove(const void *start, size_t n_bytes);

#endif
