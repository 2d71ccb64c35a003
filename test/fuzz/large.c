// SPDX-License-Identifier: MIT
// Large objects, in slots and in files, against a model: alignment, content, zeros, sizes, kinds,
// and settings that change while they live.
//   input: operations of one byte, each with its operands
#include "input.h"

#include "bumpalloc/large.h"

#include <errno.h>
#include <string.h>

enum { OBJECTS = 12, MAX_BYTES = 6 << 20, OPERATIONS_MAX = 800 };

enum operation { ALLOC, AUTO, FREE, WRONG, PURGE, PREFETCH, CONFIGURE, REFUSE, OPS };

struct object {
    unsigned char *start; // NULL: none
    size_t n_bytes;
    bool in_file, slot;
    uint8_t seed;
};

static struct object objects[OBJECTS];
static size_t range_min, range_max;
static bool enabled;

static void check_zero(const struct object *it)
{
    for (size_t i = 0; i < it->n_bytes; i = fuzz_next_place(i, it->n_bytes)) {
        if (it->start[i])
            fuzz_fail("byte %zu of %zu is not zero", i, it->n_bytes);
    }
}

static void check(const struct object *it)
{
    enum bump_large_kind kind = bump_large_kind(it->start);
    size_t usable = bump_large_usable(it->start);
    if (usable < it->n_bytes)
        fuzz_fail("%zu usable of %zu bytes", usable, it->n_bytes);
    if ((kind == BUMP_LARGE_IN_FILE) != it->in_file || kind == BUMP_LARGE_NONE ||
        (it->slot && !it->in_file && kind != BUMP_LARGE_REGION))
        fuzz_fail("kind %d of %zu bytes", kind, it->n_bytes);
    fuzz_check_fill(it->start, it->n_bytes, it->seed);
}

static void check_new(struct object *it, unsigned flags)
{
    size_t slot = 1;
    while (slot < it->n_bytes)
        slot *= 2;
    if (it->slot && (uintptr_t)it->start % slot)
        fuzz_fail("%p is not aligned for %zu bytes", (void *)it->start, it->n_bytes);
    if (flags & BUMP_LARGE_ZERO)
        check_zero(it);
    for (const struct object *other = objects; other < objects + OBJECTS; other++) {
        if (other != it && other->start && it->start < other->start + other->n_bytes &&
            other->start < it->start + it->n_bytes)
            fuzz_fail("two objects overlap");
    }
    fuzz_fill(it->start, it->n_bytes, it->seed);
}

static int due_of(size_t n_bytes)
{
    if (!enabled)
        return -EPERM;
    return n_bytes && (n_bytes < range_min || n_bytes > range_max) ? -ERANGE : 0;
}

static void do_alloc(struct fuzz_input *input, struct object *it, bool any_place)
{
    size_t n_bytes = fuzz_size(input, MAX_BYTES);
    unsigned flags = fuzz_byte(input) & (BUMP_LARGE_ZERO | BUMP_LARGE_HUGE | BUMP_LARGE_FILE);
    uint8_t seed = fuzz_byte(input);
    void *start = NULL;
    enum bump_large_kind kind;
    if (any_place)
        flags &= ~(unsigned)BUMP_LARGE_FILE;
    int code = any_place ? bump_large_alloc_auto(n_bytes, flags, &start, &kind)
                         : bump_large_alloc(n_bytes, flags, &start);
    if (!fuzz_expect(code, any_place ? 0 : due_of(n_bytes), "alloc") || !start)
        return;
    *it = (struct object){start, n_bytes, flags & BUMP_LARGE_FILE, !any_place, seed};
    check_new(it, flags);
}

static void release(struct object *it)
{
    check(it);
    if (bump_large_free(it->start))
        fuzz_fail("it cannot be freed");
    if (it->slot && bump_large_usable(it->start))
        fuzz_fail("it is in use after its free");
    it->start = NULL;
}

static void do_wrong(struct fuzz_input *input, const struct object *it)
{
    char other;
    void *wrong = fuzz_byte(input) & 1 || !it->slot ? (void *)&other : (void *)(it->start + 16);
    if (bump_large_free(wrong) != -EINVAL || bump_large_usable(wrong))
        fuzz_fail("what is no object was taken for one");
}

static void do_configure(struct fuzz_input *input)
{
    struct bump_large_config config = {
        .set = fuzz_byte(input) &
               (BUMP_LARGE_SET_ENABLED | BUMP_LARGE_SET_RANGE | BUMP_LARGE_SET_EAGER_RETURN |
                BUMP_LARGE_SET_GROWTH_DAMPENER | BUMP_LARGE_SET_LOCAL_BUFFER),
        .enabled = fuzz_byte(input) % 4,
        .eager_return = fuzz_byte(input) & 1,
        .min_bytes = fuzz_size(input, MAX_BYTES),
        .max_bytes = fuzz_size(input, MAX_BYTES),
        .growth_dampener = fuzz_byte(input),
        .local_buffer_bytes = fuzz_size(input, MAX_BYTES),
    };
    bool ranged = config.set & BUMP_LARGE_SET_RANGE;
    bool valid = !ranged || (config.min_bytes && config.min_bytes <= config.max_bytes);
    if (!fuzz_expect(bump_large_configure(&config), valid ? 0 : -EINVAL, "configure") || !valid)
        return;
    if (ranged) {
        range_min = config.min_bytes;
        range_max = config.max_bytes;
    }
    if (config.set & BUMP_LARGE_SET_ENABLED)
        enabled = config.enabled;
}

static void do_prefetch(struct fuzz_input *input, const struct object *it)
{
    size_t from = fuzz_size(input, MAX_BYTES), n = fuzz_size(input, MAX_BYTES);
    size_t usable = bump_large_usable(it->start);
    bool inside = from <= usable && n <= usable - from;
    int code = bump_large_prefetch(it->start, from, n);
    if ((code == 0) != inside)
        fuzz_fail("prefetch of %zu at %zu: %d", n, from, code);
}

static void defaults_set(void)
{
    struct bump_large_config config = {
        .set = BUMP_LARGE_SET_ALL & ~(unsigned)BUMP_LARGE_SET_PATH,
        .enabled = enabled = true,
        .min_bytes = range_min = 1,
        .max_bytes = range_max = BUMP_LARGE_MAX_BYTES,
        .growth_dampener = BUMP_LARGE_AUTO,
        .local_buffer_bytes = BUMP_LARGE_AUTO,
    };
    fuzz_refuse_next(0);
    if (bump_large_configure(&config))
        fuzz_fail("the defaults are refused");
}

static void step(struct fuzz_input *input)
{
    enum operation operation = fuzz_byte(input) % OPS;
    struct object *it = &objects[fuzz_byte(input) % OBJECTS];
    if (operation == REFUSE)
        fuzz_refuse_next(fuzz_byte(input) % 4);
    else if (operation == CONFIGURE)
        do_configure(input);
    else if (operation == PURGE)
        bump_large_purge(fuzz_size(input, MAX_BYTES));
    else if ((operation == ALLOC || operation == AUTO) && !it->start)
        do_alloc(input, it, operation == AUTO);
    else if (!it->start)
        return;
    else if (operation == FREE)
        release(it);
    else if (operation == PREFETCH)
        do_prefetch(input, it);
    else if (operation == WRONG)
        do_wrong(input, it);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    struct fuzz_input input = {data, data + n_bytes};
    defaults_set();
    for (int i = 0; i < OPERATIONS_MAX && !fuzz_is_over(&input); i++)
        step(&input);
    defaults_set();
    for (struct object *it = objects; it < objects + OBJECTS; it++) {
        if (it->start)
            release(it);
    }
    bump_large_purge(SIZE_MAX);
    return 0;
}
