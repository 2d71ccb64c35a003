// SPDX-License-Identifier: MIT
// Names of functions from an ELF file's own symbol tables; C++ names as people write them, if the
// C++ runtime is installed.
#ifndef BUMPRUN_SYMBOLS_H
#define BUMPRUN_SYMBOLS_H

#include <stdint.h>

struct symbols;

// Of a file; without any if it cannot be read. label: what is answered where there is no symbol.
struct symbols *symbols_read(const char *path, const char *label);
// The function that covers an offset in the file.
const char *symbols_name(const struct symbols *symbols, uint64_t file_offset);

#endif
