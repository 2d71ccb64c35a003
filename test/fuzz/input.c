// SPDX-License-Identifier: MIT
#include "input.h"

#include "fuzz.h"
#include "os/os.h"

#include <errno.h>

static unsigned refusals_due;
static bool refused;

uint8_t fuzz_byte(struct fuzz_input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

size_t fuzz_size(struct fuzz_input *input, size_t most)
{
    uint8_t magnitude = fuzz_byte(input), low = fuzz_byte(input);
    unsigned shift = magnitude % 24;
    size_t n_bytes = shift < 8 ? (size_t)low >> (8 - shift) : (size_t)(256 + low) << (shift - 8);
    if (magnitude & 32)
        n_bytes = n_bytes / 4096 * 4096 + low % 3;
    if (magnitude & 64 && n_bytes)
        n_bytes--;
    return n_bytes <= most ? n_bytes : most - low;
}

void fuzz_fill(unsigned char *start, size_t n_bytes, uint8_t seed)
{
    for (size_t i = 0; i < n_bytes; i = fuzz_next_place(i, n_bytes))
        start[i] = fuzz_pattern(seed, i);
}

void fuzz_check_fill(const unsigned char *start, size_t n_bytes, uint8_t seed)
{
    for (size_t i = 0; i < n_bytes; i = fuzz_next_place(i, n_bytes)) {
        if (start[i] != fuzz_pattern(seed, i))
            fuzz_fail("byte %zu of %zu is not what was written", i, n_bytes);
    }
}

static int refuse(enum bp_os_call call)
{
    (void)call;
    if (!refusals_due)
        return 0;
    refusals_due--;
    refused = true;
    return ENOMEM;
}

void fuzz_refuse_next(unsigned count)
{
    bp_os_fault_hook = refuse;
    refusals_due = count;
}

bool fuzz_was_refused(void)
{
    bool was = refused;
    refused = false;
    return was;
}

bool fuzz_expect(int code, int due, const char *what)
{
    bool excused = fuzz_was_refused();
    if (code != due && !(excused && code == -ENOMEM))
        fuzz_fail("%s: %d instead of %d", what, code, due);
    return code == due;
}
