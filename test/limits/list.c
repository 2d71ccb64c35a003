// SPDX-License-Identifier: MIT
#include "list.h"

enum { SMALL_STRIDE = 256, STRIDE = 65536, LARGE_BYTES = 100 << 10, HUGE_BYTES = 20 << 20 };

const char *const kind_names[KIND_COUNT] = {"small", "large", "huge", "mixed"};

size_t kind_size(enum kind kind, struct prng *rng)
{
    switch (kind) {
    case KIND_SMALL:
        return prng_range(rng, sizeof(struct item), 2048);
    case KIND_LARGE:
        return LARGE_BYTES;
    case KIND_HUGE:
        return HUGE_BYTES;
    default:
        return sizeof(struct item) + prng_size(rng, HUGE_BYTES);
    }
}

static uint64_t item_word(const struct item *item, size_t at)
{
    return (item->seed ^ at) * 0x9e3779b97f4a7c15u;
}

// The next offset that carries a word of pattern: few, as these tests are about amounts.
static size_t item_next(const struct item *item, size_t at)
{
    return at + (item->size <= STRIDE ? SMALL_STRIDE : STRIDE);
}

static void item_fill(struct item *item)
{
    size_t last = item->size - sizeof(uint64_t);
    uint64_t word = item_word(item, last);
    memcpy((char *)item + last, &word, last < sizeof *item ? 0 : sizeof word);
    for (size_t at = sizeof *item; at + sizeof word <= last; at = item_next(item, at)) {
        word = item_word(item, at);
        memcpy((char *)item + at, &word, sizeof word);
    }
}

static void item_compare(const struct item *item, size_t at)
{
    uint64_t word;
    memcpy(&word, (const char *)item + at, sizeof word);
    if (word != item_word(item, at)) // a check for every word would be slow
        CHECK_FMT(word == item_word(item, at), "%zu bytes at %p, offset %zu", item->size,
                  (const void *)item, at);
}

static void item_verify(const struct item *item)
{
    size_t last = item->size - sizeof(uint64_t);
    if (last >= sizeof *item)
        item_compare(item, last);
    for (size_t at = sizeof *item; at + sizeof(uint64_t) <= last; at = item_next(item, at))
        item_compare(item, at);
}

bool list_add(struct list *list, size_t size, uint64_t seed)
{
    errno = 0;
    struct item *item = malloc(size);
    if (!item) {
        CHECK_FMT(errno == ENOMEM, "errno %d", errno);
        return false;
    }
    *item = (struct item){list->first, size, seed};
    item_fill(item);
    list->first = item;
    list->n_bytes += size;
    return true;
}

void list_verify(const struct list *list)
{
    size_t n_bytes = 0;
    for (const struct item *item = list->first; item; item = item->next) {
        item_verify(item);
        n_bytes += item->size;
        REQUIRE(n_bytes <= list->n_bytes);
    }
    CHECK_EQ(n_bytes, list->n_bytes);
}

void list_free(struct list *list, unsigned percent, struct prng *rng)
{
    for (struct item **at = &list->first; *at;) {
        struct item *item = *at;
        if (prng_below(rng, 100) >= percent) {
            at = &item->next;
            continue;
        }
        item_verify(item);
        list->n_bytes -= item->size;
        *at = item->next;
        free(item);
    }
}
