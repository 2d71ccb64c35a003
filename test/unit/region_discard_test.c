// SPDX-License-Identifier: MIT
// region: objects of punched holes, and of spans that had some, on a system where discarded pages
// cannot be touched before they are reused. Every byte of every object is written and read.
#include "core/counters.h"
#include "discard_stub.h"
#include "region/depot.h"
#include "region/link.h"
#include "region/purge.h"
#include "region/size_class.h"
#include "region/span.h"
#include "reserve/chunks.h"

enum { CLASSES = 5, HELD_MAX = 6000, STEPS = 16000, HELD_BYTES = 8 << 20 };

static struct prng rng = {31};

static struct line {
    unsigned class_index;
    uint32_t bytes;
    char *held[HELD_MAX];
    uint32_t held_count;
    struct bp_magazine magazine;
    struct bp_run_bounds run;
} lines[CLASSES];

static bool mostly(void)
{
    return prng_below(&rng, 4) != 0;
}

// Objects that fill pages, lie across their ends, and are larger than a page.
static void boot(void)
{
    static const uint32_t wanted_bytes[CLASSES] = {64, 288, 1280, 4096, 12288};
    bp_reserve_init(128 * BP_MIB);
    stub.discards = mostly;
    for (int i = 0; i < CLASSES; i++) {
        lines[i].class_index = bp_class_for(wanted_bytes[i]);
        lines[i].bytes = bp_class[lines[i].class_index].object_bytes;
        REQUIRE(lines[i].bytes == wanted_bytes[i]);
    }
}

static void run_end(struct line *line)
{
    if (line->run.end)
        bp_depot_run_give(line->class_index, line->run.cursor, line->run.end);
    line->run = (struct bp_run_bounds){NULL, NULL};
}

static char *object_take(struct line *line)
{
    struct bp_magazine *magazine = &line->magazine;
    if (!magazine->head)
        *magazine = bp_depot_take(line->class_index, 0, 1 + (uint32_t)prng_below(&rng, 60));
    char *object = magazine->head;
    if (object) {
        magazine->head = bp_link_next(object);
        magazine->count--;
        return object;
    }
    if (line->run.cursor == line->run.end) {
        run_end(line);
        line->run = bp_depot_run_take(line->class_index, 0);
        REQUIRE(line->run.cursor != NULL);
        bp_span_note_limit(bp_span_at(bp_chunk_of(line->run.cursor)), line->run.end);
    }
    line->run.cursor += line->bytes;
    return line->run.cursor - line->bytes;
}

static int mark_of(const char *object)
{
    return (int)((size_t)object >> 6 & 63) + 1;
}

static void take(struct line *line)
{
    if (line->held_count == HELD_MAX || (size_t)line->held_count * line->bytes > HELD_BYTES)
        return;
    char *object = object_take(line);
    memset(object, mark_of(object), line->bytes);
    line->held[line->held_count++] = object;
}

static void *let_go(struct line *line)
{
    uint32_t at = (uint32_t)prng_below(&rng, line->held_count);
    char *object = line->held[at];
    line->held[at] = line->held[--line->held_count];
    for (uint32_t i = 0; i < line->bytes; i++)
        CHECK_FMT(object[i] == mark_of(object), "%p: byte %u was lost", (void *)object, i);
    return object;
}

static void give_some(struct line *line, uint32_t count)
{
    struct bp_magazine magazine = {.head = NULL};
    for (; magazine.count < count && line->held_count; magazine.count++) {
        void *object = let_go(line);
        bp_link_set(object, magazine.head);
        magazine.head = object;
    }
    if (magazine.count)
        bp_depot_give(line->class_index, magazine);
}

// What it holds goes up and down, so that spans end with holes in them.
static void step(uint32_t now)
{
    struct line *line = &lines[prng_below(&rng, CLASSES)];
    uint32_t most = bp_class[line->class_index].magazine_capacity;
    bool grows = now / 2000 % 2 == 0;
    for (uint32_t i = 0; i < most && prng_below(&rng, 4) < (grows ? 3 : 1); i++) {
        for (uint32_t j = 0; j < 8; j++)
            take(line);
    }
    if (prng_below(&rng, 4) >= (grows ? 3 : 1))
        give_some(line, 1 + (uint32_t)prng_below(&rng, most));
    if (prng_below(&rng, 200) == 0) {
        bp_depot_drain();
        bp_depot_punch_all();
    }
    if (prng_below(&rng, 100) == 0)
        bp_chunks_purge_oldest(SIZE_MAX);
    if (prng_below(&rng, 500) == 0)
        run_end(line);
}

static void holes_are_reused_before_they_are_touched(void)
{
    boot();
    for (uint32_t i = 0; i < STEPS && !check_failures; i++)
        step(i);
    CHECK_FMT(stub.taken > 500 && stub.reused > 5000, "%u discarded, %u reused", stub.taken,
              stub.reused);
    for (int i = 0; i < CLASSES; i++) {
        if (lines[i].magazine.head)
            bp_depot_give(lines[i].class_index, lines[i].magazine);
        while (lines[i].held_count)
            give_some(&lines[i], 8);
        run_end(&lines[i]);
    }
    bp_depot_drain();
    CHECK_EQ(bp_load_relaxed(&bp_counters.span_bytes), 0);
}

UNIT_MAIN(UNIT_CASE(holes_are_reused_before_they_are_touched))
