// SPDX-License-Identifier: MIT
#include "core/seal.h"

#include "base/bits.h"
#include "os/os_guard.h"

#include <stddef.h>

struct bp_secrets bp_secrets BP_SEALED;

extern BP_HIDDEN char bp_section_begin[] __asm__("__start_bp_sealed");
extern BP_HIDDEN char bp_section_end[] __asm__("__stop_bp_sealed");

// Newton's iteration doubles the bits that are right; an odd number is its own inverse in three.
static uint64_t inverse_of(uint64_t odd)
{
    uint64_t inverse = odd;
    for (int i = 0; i < 5; i++)
        inverse *= 2 - odd * inverse;
    return inverse;
}

void bp_seal_draw(void)
{
    uint64_t words[4];
    bp_os_entropy(words, 4);
    bp_secrets = (struct bp_secrets){
        .link = words[0],
        .tag = words[1],
        .factor = words[2] | 1,
        .inverse = inverse_of(words[2] | 1),
        .canary = words[3] | 0x0101010101010101u, // no byte of it is zero
    };
}

void bp_seal(void)
{
    char *end = bp_section_end - (size_t)bp_section_end % sizeof(bp_secrets);
    bp_os_seal(bp_section_begin, (size_t)(end - bp_section_begin));
}
