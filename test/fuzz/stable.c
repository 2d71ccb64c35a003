// SPDX-License-Identifier: MIT
// Stable objects against a model: they never move, keep their bytes, lie apart, and grow to their
// maximum.
//   input: operations of one byte, each with its operands
#include "input.h"

#include "bumpalloc/stable.h"

#include <errno.h>
#include <string.h>

enum { OBJECTS = 12, MAX_BYTES = 4 << 20, OPERATIONS_MAX = 1500 };

enum operation { ALLOC, RESIZE, REALLOC, FREE, WRONG, REFUSE, OPS };

struct object {
    unsigned char *start; // NULL: none
    size_t n_bytes, max_bytes;
    uint8_t seed;
};

static struct object objects[OBJECTS];

static void check(const struct object *it)
{
    size_t usable = bump_stable_usable(it->start);
    if (usable < it->n_bytes || bump_stable_max(it->start) < it->max_bytes)
        fuzz_fail("%zu usable of %zu bytes, maximum %zu", usable, it->n_bytes, it->max_bytes);
    fuzz_check_fill(it->start, it->n_bytes, it->seed);
}

static void check_apart(const struct object *it)
{
    for (const struct object *other = objects; other < objects + OBJECTS; other++) {
        if (other != it && other->start && it->start < other->start + other->max_bytes &&
            other->start < it->start + it->max_bytes)
            fuzz_fail("two objects overlap");
    }
}

static void do_alloc(struct fuzz_input *input, struct object *it)
{
    size_t max_bytes = fuzz_size(input, MAX_BYTES), n_bytes = fuzz_size(input, MAX_BYTES);
    uint8_t seed = fuzz_byte(input);
    bool due = n_bytes <= max_bytes || !max_bytes;
    unsigned char *start = bump_stable_alloc(n_bytes, max_bytes);
    bool excused = fuzz_was_refused();
    if (!start && due && !excused)
        fuzz_fail("%zu bytes of %zu: refused", n_bytes, max_bytes);
    if (start && !due)
        fuzz_fail("%zu bytes of %zu: granted", n_bytes, max_bytes);
    if (!start)
        return;
    *it = (struct object){start, n_bytes, max_bytes ? max_bytes : BUMP_STABLE_DEFAULT_MAX_BYTES,
                          seed};
    fuzz_fill(it->start, it->n_bytes, it->seed);
    check_apart(it);
}

static void do_resize(struct fuzz_input *input, struct object *it, bool as_realloc)
{
    size_t n_bytes = fuzz_size(input, MAX_BYTES), most = bump_stable_max(it->start);
    int due = n_bytes <= most ? 0 : -ERANGE, code;
    check(it);
    if (as_realloc && n_bytes) {
        void *same = bump_stable_realloc(it->start, n_bytes);
        code = same ? 0 : -errno;
        if (same && same != it->start)
            fuzz_fail("it moved");
    } else {
        code = bump_stable_resize(it->start, n_bytes);
    }
    if (!fuzz_expect(code, due, "resize") || code)
        return;
    it->n_bytes = n_bytes;
    fuzz_fill(it->start, it->n_bytes, it->seed);
}

static void release(struct object *it)
{
    check(it);
    if (bump_stable_free(it->start))
        fuzz_fail("it cannot be freed");
    it->start = NULL;
}

static void do_wrong(struct fuzz_input *input, const struct object *it)
{
    char other;
    void *wrong = fuzz_byte(input) & 1 ? (void *)&other : (void *)(it->start + 16);
    if (bump_stable_resize(wrong, 1) != -EINVAL || bump_stable_free(wrong) != -EINVAL ||
        bump_stable_usable(wrong) || bump_stable_max(wrong))
        fuzz_fail("what is no stable object was taken for one");
}

static void step(struct fuzz_input *input)
{
    enum operation operation = fuzz_byte(input) % OPS;
    struct object *it = &objects[fuzz_byte(input) % OBJECTS];
    if (operation == REFUSE)
        fuzz_refuse_next(fuzz_byte(input) % 4);
    else if (operation == ALLOC && !it->start)
        do_alloc(input, it);
    else if (!it->start)
        return;
    else if (operation == RESIZE || operation == REALLOC)
        do_resize(input, it, operation == REALLOC);
    else if (operation == FREE)
        release(it);
    else if (operation == WRONG)
        do_wrong(input, it);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    struct fuzz_input input = {data, data + n_bytes};
    fuzz_refuse_next(0);
    for (int i = 0; i < OPERATIONS_MAX && !fuzz_is_over(&input); i++)
        step(&input);
    fuzz_refuse_next(0);
    for (struct object *it = objects; it < objects + OBJECTS; it++) {
        if (it->start)
            release(it);
    }
    return 0;
}
