// SPDX-License-Identifier: MIT
// A Mach-O library in a Linux process of the same processor: mapped, moved to where it lies, bound
// to stand-ins for libSystem's functions, its constructors run. Enough for one dylib as lld links
// it: LC_DYLD_INFO, no thread-locals, no Objective-C. Nothing here allocates.
#ifndef MACOS_IMAGE_H
#define MACOS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IMAGE_TUPLES_MAX = 64 };

struct image_tuple {
    const void *replacement, *original;
};

struct image {
    char *base;
    const struct image_tuple *tuples; // what the library interposes
    size_t tuple_count;
};

// Ends the process with a message if the file is not such a library, or needs what is not there.
void image_load(struct image *image, const char *path, void *(*resolve)(const char *name));
// If set, called before the library's constructors are.
extern void (*image_before_constructors)(const struct image *image);
// A symbol that the library exports, without its underscore; NULL if there is none.
void *image_symbol(const struct image *image, const char *name);
// shim_api.c: finds the public functions that the program calls.
void shim_api_find(const struct image *image);
// What the library puts in the place of the function; NULL if it leaves it alone.
void *image_replacement(const struct image *image, const void *original);

#endif
