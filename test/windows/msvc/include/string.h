// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header.
#pragma once
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t n_bytes);
void *memmove(void *to, const void *from, size_t n_bytes);
void *memset(void *at, int value, size_t n_bytes);
int memcmp(const void *a, const void *b, size_t n_bytes);
void *memchr(const void *a, int value, size_t n_bytes);
char *strstr(const char *text, const char *wanted);
size_t strspn(const char *text, const char *wanted);
size_t strcspn(const char *text, const char *wanted);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n_chars);
char *strchr(const char *text, int wanted);
