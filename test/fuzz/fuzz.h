// SPDX-License-Identifier: MIT
// A target takes any bytes, and aborts if the library does what it must not. The same function is
// linked with libFuzzer, with AFL++'s driver, and with replay.c, which runs files.
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

// One line on stderr, and abort.
__attribute__((noreturn, format(printf, 1, 2))) void fuzz_fail(const char *format, ...);

#endif
