// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header.
#pragma once
#include <stddef.h>
void *_aligned_malloc(size_t n_bytes, size_t align);
void _aligned_free(void *pointer);
