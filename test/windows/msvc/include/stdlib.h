// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header.
#pragma once
#include "runtime.h"

#include <stddef.h>
__declspec(noreturn) void abort(void);
RUNTIME void *malloc(size_t n_bytes);
RUNTIME void *realloc(void *pointer, size_t n_bytes);
RUNTIME void free(void *pointer);
