// SPDX-License-Identifier: MIT
// What the library uses of string.h.
#ifndef MAC_STRING_H
#define MAC_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t n_bytes);
void *memset(void *at, int value, size_t n_bytes);
void *memmove(void *to, const void *from, size_t n_bytes);
void *memchr(const void *at, int c, size_t n_bytes);
int memcmp(const void *a, const void *b, size_t n_bytes);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t most);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n_bytes);
size_t strspn(const char *text, const char *set);
size_t strcspn(const char *text, const char *set);
char *strstr(const char *text, const char *part);
char *strrchr(const char *text, int c);
char *strchr(const char *text, int c);
char *strdup(const char *text);
char *strndup(const char *text, size_t most);

#endif
