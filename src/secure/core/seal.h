// SPDX-License-Identifier: MIT
// What is constant once the library has started, in pages of its own. Invariants:
//  1. BP_SEALED words are written before the first allocation is answered, and then never.
//  2. From then on their pages are read-only: who can write anywhere cannot change an option, a
//     secret or a check, and who reads a block cannot tell the secrets from it easily.
#ifndef BP_CORE_SEAL_H
#define BP_CORE_SEAL_H

#include "base/attr.h"

#include <stdint.h>

#define BP_SEALED __attribute__((section("bp_sealed"), aligned(4096)))

struct bp_secrets {
    uint64_t link;                 // free-list links are this much off
    uint64_t tag, factor, inverse; // of tags (ward/tag.h); factor * inverse == 1
    uint64_t canary;
    char rest[4096 - 5 * sizeof(uint64_t)]; // of the last page, which is to be nobody else's
};

extern BP_HIDDEN struct bp_secrets bp_secrets;

// Draws the secrets.
void bp_seal_draw(void);
// Makes all sealed words read-only.
void bp_seal(void);

#endif
