// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header.
#pragma once
#include <stdarg.h>
#include <stddef.h>
typedef struct _iobuf FILE;
int fprintf(FILE *stream, const char *format, ...);
#define EOF      (-1)
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
int vsnprintf(char *text, size_t n_bytes, const char *format, va_list arguments);
size_t fwrite(const void *bytes, size_t n_bytes, size_t count, FILE *stream);
int fclose(FILE *stream);
int fputs(const char *text, FILE *stream);
