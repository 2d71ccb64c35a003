// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header.
#pragma once
#include <stddef.h>
typedef struct _iobuf FILE;
int fprintf(FILE *stream, const char *format, ...);
#define EOF      (-1)
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
int fclose(FILE *stream);
int fputs(const char *text, FILE *stream);
