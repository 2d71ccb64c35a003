// SPDX-License-Identifier: MIT
// What the library uses of stdio.h.
#ifndef MAC_STDIO_H
#define MAC_STDIO_H

#include <stddef.h>

typedef struct __sFILE FILE;
int fprintf(FILE *stream, const char *format, ...);
unsigned long fwrite(const void *bytes, size_t n_bytes, size_t count, FILE *stream);
int fputs(const char *text, FILE *stream);

#endif
