// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header.
#pragma once
#include <stddef.h>
__declspec(noreturn) void abort(void);
void *malloc(size_t n_bytes);
void *realloc(void *pointer, size_t n_bytes);
void free(void *pointer);
