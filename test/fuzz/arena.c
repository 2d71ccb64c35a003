// SPDX-License-Identifier: MIT
// An arena against a model that remembers its objects in order: alignment, content, zeros, and what
// resizing, freeing, marks and resets leave of them.
//   input: one byte of flags, a size of the arena, then operations
#include "input.h"

#include "bumpalloc/arena.h"

#include <errno.h>
#include <string.h>

enum { OBJECTS = 512, MARKS = 64, MAX_BYTES = 1 << 20, OBJECT_MAX = 70000, OPERATIONS_MAX = 3000 };
enum { MARK_ROOM = 512 }; // bytes that are enough for the books of marks

enum operation {
    ALLOC,
    CALLOC,
    RESIZE,
    FREE_LAST,
    MARK,
    REWIND,
    RESET,
    PREPARE,
    TRIM,
    REFUSE,
    OPS
};

struct object {
    unsigned char *start;
    size_t n_bytes;
    uint8_t seed;
};

struct mark {
    struct bump_mark mark;
    unsigned objects;  // that there were
    size_t last_bytes; // of the last of them
    bool live;         // surely not stale
};

static struct bump_arena arena;
static struct object objects[OBJECTS];
static struct mark marks[MARKS];
static unsigned object_count, mark_count;

static void check(const struct object *it)
{
    if (!bump_arena_owns(&arena, it->start, it->n_bytes ? it->n_bytes : 1))
        fuzz_fail("an object is not the arena's");
    for (size_t i = 0; i < it->n_bytes; i++) {
        if (it->start[i] != fuzz_pattern(it->seed, i))
            fuzz_fail("byte %zu of %zu is not what was written", i, it->n_bytes);
    }
}

static void draw(const struct object *it)
{
    for (size_t i = 0; i < it->n_bytes; i++)
        it->start[i] = fuzz_pattern(it->seed, i);
}

// Marks that stand above what was dropped may be stale from now on.
static void drop_to(unsigned count)
{
    object_count = count;
    for (unsigned i = 0; i < mark_count; i++)
        marks[i].live &= marks[i].objects <= count;
}

static void check_zero(const unsigned char *start, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        if (start[i])
            fuzz_fail("byte %zu of %zu is not zero", i, n_bytes);
    }
}

static void do_alloc(struct fuzz_input *input, bool zero)
{
    size_t n_bytes = fuzz_size(input, OBJECT_MAX), align = (size_t)1 << fuzz_byte(input) % 14;
    uint8_t seed = fuzz_byte(input);
    if (object_count == OBJECTS)
        return;
    size_t left = bump_arena_available(&arena);
    unsigned char *start = zero ? bump_arena_calloc(&arena, 1, n_bytes, align)
                                : bump_arena_alloc(&arena, n_bytes, align);
    bool excused = fuzz_was_refused();
    if (!start && !excused && left >= n_bytes + align + 1)
        fuzz_fail("%zu bytes: refused with %zu left", n_bytes, left);
    if (!start)
        return;
    if ((uintptr_t)start % align)
        fuzz_fail("%p is no multiple of %zu", (void *)start, align);
    if (zero)
        check_zero(start, n_bytes);
    if (object_count && !(arena.flags & BUMP_ARENA_CHAIN) &&
        start < objects[object_count - 1].start + objects[object_count - 1].n_bytes)
        fuzz_fail("an object lies in the one before it");
    objects[object_count] = (struct object){start, n_bytes, seed};
    draw(&objects[object_count++]);
}

static void do_resize(struct fuzz_input *input)
{
    if (!object_count)
        return;
    struct object *it = &objects[object_count - 1 - fuzz_byte(input) % 3 % object_count];
    size_t n_bytes = fuzz_size(input, OBJECT_MAX);
    size_t kept = n_bytes < it->n_bytes ? n_bytes : it->n_bytes;
    check(it);
    bool done = bump_arena_resize(&arena, it->start, it->n_bytes, n_bytes);
    fuzz_was_refused();
    if (!done && n_bytes <= it->n_bytes && it->n_bytes)
        fuzz_fail("shrinking failed");
    if (done && n_bytes > it->n_bytes && it->n_bytes && it != &objects[object_count - 1])
        fuzz_fail("an object grew that is not the last one");
    if (!done)
        return;
    for (unsigned i = 0; i < mark_count; i++) // the cursor may have gone below them
        marks[i].live &= n_bytes >= it->n_bytes || marks[i].objects < object_count;
    it->n_bytes = kept;
    check(it);
    it->n_bytes = n_bytes;
    draw(it);
}

static void do_free_last(void)
{
    if (!object_count)
        return;
    const struct object *it = &objects[object_count - 1];
    check(it);
    if (bump_arena_free_last(&arena, it->start, it->n_bytes))
        drop_to(object_count - 1);
    fuzz_was_refused();
}

static void do_mark(void)
{
    if (mark_count == MARKS)
        mark_count = 0;
    bool room = bump_arena_available(&arena) > MARK_ROOM;
    struct bump_mark mark = bump_arena_mark(&arena);
    // Without memory for its books it is stale from the start.
    size_t last_bytes = object_count ? objects[object_count - 1].n_bytes : 0;
    marks[mark_count++] =
        (struct mark){mark, object_count, last_bytes, !fuzz_was_refused() && room};
}

static void do_rewind(struct fuzz_input *input)
{
    if (!mark_count)
        return;
    const struct mark *it = &marks[fuzz_byte(input) % mark_count];
    int code = bump_arena_rewind(&arena, it->mark);
    fuzz_was_refused();
    if (code && code != -EINVAL)
        fuzz_fail("rewind: %d", code);
    if (code && it->live)
        fuzz_fail("a live mark was called stale");
    if (!code && it->objects > object_count)
        fuzz_fail("a stale mark was taken");
    if (code)
        return;
    drop_to(it->objects);
    for (unsigned i = (unsigned)(it - marks) + 1; i < mark_count; i++) // padding may lie between
        marks[i].live &= marks[i].objects < it->objects;
    // What the last object grew by since the mark is gone too.
    if (object_count && objects[object_count - 1].n_bytes > it->last_bytes)
        objects[object_count - 1].n_bytes = it->last_bytes;
}

static void do_reset(struct fuzz_input *input)
{
    switch (fuzz_byte(input) % 3) {
    case 0:
        bump_arena_reset(&arena);
        break;
    case 1:
        bump_arena_reset_keep(&arena);
        break;
    default:
        bump_arena_reset_hard(&arena);
    }
    fuzz_was_refused();
    if (bump_arena_used(&arena))
        fuzz_fail("%zu bytes are in use after a reset", bump_arena_used(&arena));
    object_count = mark_count = 0;
}

static void do_prepare(struct fuzz_input *input)
{
    int code = bump_arena_prepare(&arena, fuzz_size(input, MAX_BYTES));
    bool excused = fuzz_was_refused();
    if (code && code != -ERANGE && !(excused && code == -ENOMEM))
        fuzz_fail("prepare: %d", code);
}

static void step(struct fuzz_input *input)
{
    enum operation operation = fuzz_byte(input) % OPS;
    if (operation == ALLOC || operation == CALLOC)
        do_alloc(input, operation == CALLOC);
    else if (operation == RESIZE)
        do_resize(input);
    else if (operation == FREE_LAST)
        do_free_last();
    else if (operation == MARK)
        do_mark();
    else if (operation == REWIND)
        do_rewind(input);
    else if (operation == RESET && fuzz_byte(input) % 4 == 0)
        do_reset(input);
    else if (operation == PREPARE)
        do_prepare(input);
    else if (operation == TRIM)
        bump_arena_trim(&arena, fuzz_size(input, MAX_BYTES));
    else if (operation == REFUSE)
        fuzz_refuse_next(fuzz_byte(input) % 4);
}

static void check_all(void)
{
    for (unsigned i = 0; i < object_count; i++)
        check(&objects[i]);
    if (bump_arena_used(&arena) > bump_arena_high_water(&arena) ||
        bump_arena_committed(&arena) > bump_arena_reserved(&arena))
        fuzz_fail("%zu used, %zu at most, %zu committed of %zu", bump_arena_used(&arena),
                  bump_arena_high_water(&arena), bump_arena_committed(&arena),
                  bump_arena_reserved(&arena));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    struct fuzz_input input = {data, data + n_bytes};
    unsigned flags = fuzz_byte(&input) &
                     (BUMP_ARENA_SHARED | BUMP_ARENA_CHAIN | BUMP_ARENA_STRICT | BUMP_ARENA_LAX);
    size_t max_bytes = fuzz_size(&input, MAX_BYTES) + 1;
    object_count = mark_count = 0;
    fuzz_refuse_next(0);
    int code = bump_arena_create(&arena, max_bytes, flags);
    if (code == -EINVAL)
        return 0; // not all flags go together
    if (code)
        fuzz_fail("cannot be made: %d", code);
    for (int i = 0; i < OPERATIONS_MAX && !fuzz_is_over(&input); i++) {
        step(&input);
        if (i % 16 == 0)
            check_all();
    }
    fuzz_refuse_next(0);
    check_all();
    bump_arena_destroy(&arena);
    return 0;
}
