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

// A mask of the last count bytes of a word, 0 to 7.
BP_HOT uint64_t bp_last_bytes(size_t count)
{
    return ~(uint64_t)0 << 8 << (56 - 8 * count);
}

// Where the canary stands: in the 8 bytes behind the object, or, if there are not as many, in the
// last ones of the word before the tag. No branch: sizes are what no predictor knows.
struct bp_canary {
    char *at;
    uint64_t mask; // of the bytes that are its
};

BP_HOT struct bp_canary bp_canary_of(const char *object, size_t place_bytes, size_t n_bytes)
{
    size_t end = place_bytes - BP_TAG_BYTES, slack = end - n_bytes;
    bool whole = slack >= 8;
    return (struct bp_canary){(char *)(size_t)object + (whole ? n_bytes : end - 8),
                              whole ? ~(uint64_t)0 : bp_last_bytes(slack & 7)};
}

// The place reads zero: the object is its user's from here on.
BP_HOT void bp_tag_open(char *object, size_t place_bytes, size_t n_bytes, size_t kind)
{
    struct bp_canary it = bp_canary_of(object, place_bytes, n_bytes);
    uint64_t word = (bp_word_read(it.at) & ~it.mask) | (bp_secrets.canary & it.mask);
    memcpy(it.at, &word, sizeof(word));
    bp_poke_word_relaxed(bp_tag_cell(object, place_bytes), bp_tag_of(object, n_bytes, kind));
}

typedef uint64_t bp_unit __attribute__((vector_size(16), may_alias, aligned(1)));

BP_HOT bp_unit bp_units_or(const char *at)
{
    const bp_unit *u = (const bp_unit *)(const void *)at;
    return (u[0] | u[1]) | (u[2] | u[3]);
}

// Whole units, at least one: up to three of them without a loop, more by fours of which the last
// may overlap those before.
BP_HOT bool bp_place_is_zero(const char *at, size_t n_bytes)
{
    const char *last = at + n_bytes - 16;
    bp_unit sum;
    if (n_bytes < 64) {
        const char *middle = n_bytes < 32 ? at : at + 16;
        sum = *(const bp_unit *)(const void *)at | *(const bp_unit *)(const void *)middle |
              *(const bp_unit *)(const void *)last;
    } else {
        sum = bp_units_or(last - 48);
        for (; at < last - 48; at += 64)
            sum |= bp_units_or(at);
    }
    return !(sum[0] | sum[1]);
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

// The canary, and zeros up to the tag.
BP_HOT bool bp_slack_is_intact(const char *object, size_t place_bytes, size_t n_bytes)
{
    struct bp_canary it = bp_canary_of(object, place_bytes, n_bytes);
    const char *end = object + place_bytes - BP_TAG_BYTES;
    const char *rest = it.mask == ~(uint64_t)0 ? it.at + 8 : end;
    uint64_t wrong = (bp_word_read(it.at) ^ bp_secrets.canary) & it.mask;
    size_t zeros = (size_t)(end - rest);
    if (BP_UNLIKELY(zeros > 7))
        return !wrong && bp_is_zero(rest, end);
    return !(wrong | (bp_word_read(end - 8) & bp_last_bytes(zeros)));
}

#endif
