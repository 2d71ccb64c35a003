// SPDX-License-Identifier: MIT
// What the library uses of stdio.h.
#ifndef MAC_STDIO_H
#define MAC_STDIO_H

#include <stdarg.h>
#include <stddef.h>

typedef struct __sFILE FILE;
int fprintf(FILE *stream, const char *format, ...);
unsigned long fwrite(const void *bytes, size_t n_bytes, size_t count, FILE *stream);
#define EOF      (-1)
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
typedef long long fpos_t;
FILE *funopen(const void *cookie, int (*read)(void *, char *, int),
              int (*write)(void *, const char *, int), fpos_t (*seek)(void *, fpos_t, int),
              int (*close)(void *));
int vsnprintf(char *text, size_t n_bytes, const char *format, va_list arguments);
int fclose(FILE *stream);
int fputs(const char *text, FILE *stream);

#endif
