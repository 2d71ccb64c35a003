// SPDX-License-Identifier: MIT
// The tag of a small object: the last 8 bytes of its place. It is a canary, says how many bytes
// were asked for, and whether the object is in use. Invariants:
//  1. In use: tag = swap((x ^ secret) * factor), x being the address's 44 bits that are not always
//     zero, 16 bits of size, 4 of kind. Any other word decodes to another address, but for one
//     chance in 2^44. The bytes are swapped so that no byte depends on the low bits alone.
//  2. Free: the whole place is zero, but for its first word while it is chained (region/link.h).
//  3. Between the bytes asked for and the tag stand up to 8 bytes of the canary, and then zeros.
//  4. Tags are written and read as whole words: neighbours that other threads use may be looked at.
#ifndef BP_WARD_TAG_H
#define BP_WARD_TAG_H

#include "base/atomics.h"
#include "base/attr.h"
#include "base/bits.h"
#include "core/seal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum bp_kind { BP_KIND_MALLOC, BP_KIND_NEW, BP_KIND_NEW_ARRAY };
enum { BP_TAG_BYTES = 8 };

BP_HOT uint64_t bp_tag_of(const void *object, size_t n_bytes, size_t kind)
{
    uint64_t x = (uint64_t)(size_t)object >> 4 << 20 | n_bytes << 4 | kind;
    return __builtin_bswap64((x ^ bp_secrets.tag) * bp_secrets.factor);
}

// What the tag was made from.
BP_HOT uint64_t bp_tag_decode(uint64_t tag)
{
    return __builtin_bswap64(tag) * bp_secrets.inverse ^ bp_secrets.tag;
}

BP_HOT bool bp_tag_is_for(uint64_t decoded, const void *object)
{
    return decoded >> 20 == (uint64_t)(size_t)object >> 4;
}

BP_HOT size_t bp_tag_bytes(uint64_t decoded)
{
    return decoded >> 4 & 0xffff;
}

BP_HOT enum bp_kind bp_tag_kind(uint64_t decoded)
{
    return (enum bp_kind)(decoded & 15);
}

BP_HOT uint64_t *bp_tag_cell(const void *object, size_t place_bytes)
{
    return (uint64_t *)(void *)((char *)(size_t)object + place_bytes - BP_TAG_BYTES);
}

BP_HOT uint64_t bp_word_read(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

// The bytes of a word that belong to a slack of 1 to 7 bytes before the tag.
BP_HOT uint64_t bp_slack_mask(size_t slack)
{
    return ~(uint64_t)0 << (64 - 8 * slack);
}

// The place reads zero: the object is its user's from here on.
BP_HOT void bp_tag_open(char *object, size_t place_bytes, size_t n_bytes, size_t kind)
{
    size_t slack = place_bytes - BP_TAG_BYTES - n_bytes;
    uint64_t word = bp_secrets.canary;
    if (slack >= 8) {
        memcpy(object + n_bytes, &word, sizeof(word));
    } else if (slack) {
        word = (bp_word_read(object + place_bytes - 16) & ~bp_slack_mask(slack)) |
               (word & bp_slack_mask(slack));
        memcpy(object + place_bytes - 16, &word, sizeof(word));
    }
    bp_poke_word_relaxed(bp_tag_cell(object, place_bytes), bp_tag_of(object, n_bytes, kind));
}

BP_HOT bool bp_is_zero(const char *at, const char *end)
{
    typedef uint64_t unit __attribute__((vector_size(16), may_alias, aligned(1)));
    unit sum = {0, 0};
    for (; at + 64 <= end; at += 64) {
        const unit *u = (const unit *)(const void *)at;
        sum |= (u[0] | u[1]) | (u[2] | u[3]);
    }
    for (; at + 16 <= end; at += 16)
        sum |= *(const unit *)(const void *)at;
    uint64_t any = sum[0] | sum[1];
    for (; at + 8 <= end; at += 8)
        any |= bp_word_read(at);
    for (; at < end; at++)
        any |= (unsigned char)*at;
    return !any;
}

BP_HOT bool bp_slack_is_intact(const char *object, size_t place_bytes, size_t n_bytes)
{
    size_t slack = place_bytes - BP_TAG_BYTES - n_bytes;
    const char *end = object + place_bytes - BP_TAG_BYTES;
    if (!slack)
        return true;
    if (slack < 8)
        return !((bp_word_read(end - 8) ^ bp_secrets.canary) & bp_slack_mask(slack));
    return bp_word_read(object + n_bytes) == bp_secrets.canary &&
           (slack == 8 || bp_is_zero(object + n_bytes + 8, end));
}

#endif
