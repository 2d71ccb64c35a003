// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header.
#pragma once
#include <stddef.h>
typedef struct _iobuf FILE;
int fprintf(FILE *stream, const char *format, ...);
int fputs(const char *text, FILE *stream);
