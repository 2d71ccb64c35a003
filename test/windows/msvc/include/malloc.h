// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header.
#pragma once
#include "runtime.h"

#include <stddef.h>
RUNTIME void *_aligned_malloc(size_t n_bytes, size_t align);
RUNTIME void _aligned_free(void *pointer);
