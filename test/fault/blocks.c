// SPDX-License-Identifier: MIT
#include "blocks.h"

#include "hook.h"

#include "bumpalloc/large.h"
#include "bumpalloc/stable.h"
#include "reserve/reserve.h"

#include <malloc.h>

enum { WHOLE_BYTES = 8192, STEP_BYTES = 65536, PIECE_BYTES = 64, SENTINEL = 4711 };

struct block blocks[BLOCK_COUNT];

// --- patterns: small blocks wholly, large ones by pieces and at both ends ---

typedef void visit_piece(const struct block *block, size_t at, size_t n_bytes);

static void each_piece(const struct block *block, size_t n_bytes, visit_piece *visit)
{
    if (n_bytes <= WHOLE_BYTES) {
        visit(block, 0, n_bytes);
        return;
    }
    for (size_t at = 0; at + PIECE_BYTES <= n_bytes; at += STEP_BYTES)
        visit(block, at, PIECE_BYTES);
}

static void piece_fill(const struct block *block, size_t at, size_t n_bytes)
{
    pattern_fill(block->start + at, n_bytes, block->id ^ at);
}

static void piece_check(const struct block *block, size_t at, size_t n_bytes)
{
    size_t wrong = pattern_mismatch(block->start + at, n_bytes, block->id ^ at);
    CHECK_FMT(wrong == n_bytes, "%zu bytes at %p: byte %zu is not what it was", block->n_bytes,
              (void *)block->start, at + wrong);
}

static void piece_check_zero(const struct block *block, size_t at, size_t n_bytes)
{
    size_t nonzero = pattern_nonzero(block->start + at, n_bytes);
    CHECK_FMT(nonzero == n_bytes, "calloc of %zu bytes: byte %zu is not zero", block->n_bytes,
              at + nonzero);
}

static size_t tail_of(const struct block *block)
{
    return block->n_bytes < PIECE_BYTES ? 0 : block->n_bytes - PIECE_BYTES;
}

static void block_fill(const struct block *block)
{
    each_piece(block, block->n_bytes, piece_fill);
    if (block->n_bytes > WHOLE_BYTES)
        piece_fill(block, tail_of(block), PIECE_BYTES);
}

// The last piece may overlap one of the others, and was written after it.
static void piece_check_before_tail(const struct block *block, size_t at, size_t n_bytes)
{
    size_t tail = tail_of(block);
    if (block->n_bytes > WHOLE_BYTES && at + n_bytes > tail)
        n_bytes = tail > at ? tail - at : 0;
    piece_check(block, at, n_bytes);
}

void block_check(const struct block *block)
{
    each_piece(block, block->n_bytes, piece_check_before_tail);
    if (block->n_bytes > WHOLE_BYTES)
        piece_check(block, tail_of(block), PIECE_BYTES);
}

// After a resize: what the block held must be there, as far as the new size goes.
static void block_check_kept(const struct block *block, size_t kept)
{
    if (kept >= block->n_bytes) {
        block_check(block);
    } else if (block->n_bytes <= WHOLE_BYTES) {
        piece_check(block, 0, kept);
    } else {
        for (size_t at = 0; at + PIECE_BYTES <= kept; at += STEP_BYTES)
            piece_check_before_tail(block, at, PIECE_BYTES);
    }
}

// --- calls ---

static __thread unsigned refusals_before; // threads make calls at a time

static void call_begins(void)
{
    refusals_before = hook_refusals();
    errno = SENTINEL;
}

// Is the outcome one that the contract knows?
static bool call_ends(const void *result, const char *what, size_t n_bytes)
{
    int code = errno;
    if (result)
        CHECK_FMT(code == SENTINEL, "%s of %zu bytes changed errno to %d", what, n_bytes, code);
    else
        CHECK_FMT(code == ENOMEM && hook_refusals() > refusals_before,
                  "%s of %zu bytes: NULL, errno %d, %u calls refused", what, n_bytes, code,
                  hook_refusals() - refusals_before);
    return result != NULL;
}

static bool block_begins(struct block *block, void *start, size_t n_bytes)
{
    static uint64_t next_id;
    uint64_t id = __atomic_add_fetch(&next_id, 1, __ATOMIC_RELAXED);
    *block = (struct block){start, n_bytes, id * 0x9e3779b97f4a7c15u};
    if (start) {
        CHECK_ALIGNED(start, 16);
        CHECK(malloc_usable_size(start) >= n_bytes);
        block_fill(block);
    }
    return start != NULL;
}

bool block_malloc(struct block *block, size_t n_bytes)
{
    block_free(block);
    call_begins();
    void *start = malloc(n_bytes);
    call_ends(start, "malloc", n_bytes);
    return block_begins(block, start, n_bytes);
}

bool block_calloc(struct block *block, size_t n_bytes)
{
    block_free(block);
    call_begins();
    struct block fresh = {calloc(1, n_bytes), n_bytes, 0};
    if (call_ends(fresh.start, "calloc", n_bytes))
        each_piece(&fresh, n_bytes, piece_check_zero);
    return block_begins(block, fresh.start, n_bytes);
}

bool block_aligned(struct block *block, size_t align, size_t n_bytes)
{
    block_free(block);
    call_begins();
    void *start = aligned_alloc(align, n_bytes);
    if (call_ends(start, "aligned_alloc", n_bytes))
        CHECK_ALIGNED(start, align);
    return block_begins(block, start, n_bytes);
}

bool block_resize(struct block *block, size_t n_bytes)
{
    block_check(block);
    call_begins();
    void *start = realloc(block->start, n_bytes);
    if (!call_ends(start, "realloc", n_bytes)) {
        block_check(block);
        return false;
    }
    block->start = start;
    block_check_kept(block, n_bytes);
    return block_begins(block, start, n_bytes);
}

// --- calls that answer by a code, or by NULL alone ---

// Without class regions there are no slots.
static bool may_refuse(void)
{
    return hook_refusals() > refusals_before || !bp_reservation.region_count;
}

static bool code_ends(int code, const char *what, size_t n_bytes)
{
    CHECK_FMT(errno == SENTINEL, "%s of %zu bytes changed errno to %d", what, n_bytes, errno);
    CHECK_FMT(!code || (code == -ENOMEM && may_refuse()), "%s of %zu bytes: %d, %u calls refused",
              what, n_bytes, code, hook_refusals() - refusals_before);
    return code == 0;
}

static char untouched; // where a refused call is to leave its result

static bool object_begins(struct block *block, void *start, size_t n_bytes, bool zero)
{
    struct block fresh = {start, n_bytes, 0};
    if (zero)
        each_piece(&fresh, n_bytes, piece_check_zero);
    return block_begins(block, start, n_bytes);
}

bool block_slot(struct block *block, size_t n_bytes, unsigned flags)
{
    void *start = &untouched;
    block_free(block);
    call_begins();
    if (!code_ends(bump_large_alloc(n_bytes, flags, &start), "bump_large_alloc", n_bytes)) {
        CHECK(start == &untouched);
        return false;
    }
    return object_begins(block, start, n_bytes, flags & BUMP_LARGE_ZERO);
}

bool block_auto(struct block *block, size_t n_bytes, unsigned flags)
{
    void *start = &untouched;
    enum bump_large_kind kind;
    block_free(block);
    call_begins();
    int code = bump_large_alloc_auto(n_bytes, flags, &start, &kind);
    CHECK_EQ(kind == BUMP_LARGE_NONE, code != 0);
    if (!code_ends(code, "bump_large_alloc_auto", n_bytes)) {
        CHECK(start == &untouched);
        return false;
    }
    return object_begins(block, start, n_bytes, flags & BUMP_LARGE_ZERO);
}

bool block_stable(struct block *block, size_t n_bytes, size_t max_bytes)
{
    block_free(block);
    call_begins();
    void *start = bump_stable_alloc(n_bytes, max_bytes);
    if (code_ends(start ? 0 : -ENOMEM, "bump_stable_alloc", n_bytes))
        CHECK(bump_stable_max(start) >= max_bytes);
    return block_begins(block, start, n_bytes);
}

bool block_stable_resize(struct block *block, size_t n_bytes)
{
    size_t usable = bump_stable_usable(block->start);
    block_check(block);
    call_begins();
    if (!code_ends(bump_stable_resize(block->start, n_bytes), "bump_stable_resize", n_bytes)) {
        block_check(block);
        CHECK_EQ(bump_stable_usable(block->start), usable);
        return false;
    }
    block_check_kept(block, n_bytes);
    return block_begins(block, block->start, n_bytes);
}

static void block_end(struct block *block, int (*give)(void *), const char *what)
{
    if (!block->start)
        return;
    block_check(block);
    call_begins();
    CHECK(code_ends(give(block->start), what, block->n_bytes));
    block->start = NULL;
}

void block_slot_free(struct block *block)
{
    block_end(block, bump_large_free, "bump_large_free");
}

void block_stable_free(struct block *block)
{
    block_end(block, bump_stable_free, "bump_stable_free");
}

void block_free(struct block *block)
{
    if (!block->start)
        return;
    block_check(block);
    errno = SENTINEL;
    free(block->start);
    CHECK_FMT(errno == SENTINEL, "free changed errno to %d", errno);
    block->start = NULL;
}

void blocks_check(void)
{
    for (int i = 0; i < BLOCK_COUNT; i++) {
        if (blocks[i].start)
            block_check(&blocks[i]);
    }
}

void blocks_free(void)
{
    for (int i = 0; i < BLOCK_COUNT; i++)
        block_free(&blocks[i]);
}
