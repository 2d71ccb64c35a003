// SPDX-License-Identifier: MIT
// region: spans of several classes against a shadow that knows who has each object.
#include "core/counters.h"
#include "region/size_class.h"
#include "region/span.h"
#include "reserve/chunks.h"
#include "reserve/reserve.h"
#include "unit.h"

enum { CLASSES = 3, STEPS = 20000, OBJECTS = 8192, RUNS = 4 };

static const unsigned class_of[CLASSES] = {20, 44, 51};
static struct prng rng = {30};
static uint32_t most_held, most_free, spans_ended;

static struct line {
    struct bp_span_lists lists;
    unsigned class_index;
    void *held[OBJECTS]; // objects in use
    uint32_t held_count;
    uint32_t free_count; // in spans
    struct {
        struct bp_span *span;
        char *cursor;
    } runs[RUNS];
} lines[CLASSES];

// --- an object in use carries its own address and class ---

static void hold(struct line *line, void *object)
{
    uint64_t *words = object;
    if (line->held_count == OBJECTS)
        return;
    words[0] = (uint64_t)(uintptr_t)object;
    words[1] = line->class_index;
    line->held[line->held_count++] = object;
    most_held = line->held_count > most_held ? line->held_count : most_held;
}

static void *let_go(struct line *line)
{
    uint32_t at = (uint32_t)prng_below(&rng, line->held_count);
    uint64_t *words = line->held[at];
    CHECK_FMT(words[0] == (uint64_t)(uintptr_t)words && words[1] == line->class_index,
              "object %p of class %u was given twice", (void *)words, line->class_index);
    line->held[at] = line->held[--line->held_count];
    return words;
}

// --- the truth, by walking all spans ---

static void check_span(const struct bp_span *span, uint32_t *ret_free)
{
    uint32_t length = 0;
    for (uint32_t hole = 0; hole < BP_HOLES_MAX; hole++) {
        void *it = bp_chunk_address(span->first_chunk) + span->chain[hole].head * 16;
        for (uint32_t i = 0; i < span->chain[hole].count; i++, it = *(void **)it)
            CHECK_PTR(bp_span_at(bp_span_at(bp_chunk_of(it))->first_chunk), span);
        length += span->chain[hole].count;
    }
    CHECK_EQ(length, span->free_count);
    CHECK(span->free_count + (span->running ? 0 : span->fresh_count) <= span->object_count);
    CHECK(span->running || span->free_count + span->fresh_count < span->object_count);
    unsigned bucket = (span->free_count - 1) * BP_SPAN_BUCKETS / span->object_count;
    unsigned list =
        span->free_count ? 1 + bucket : (span->fresh_count && !span->running ? BP_SPAN_LISTS : 0);
    CHECK_EQ(span->list, list);
    *ret_free += span->free_count;
}

static void check_all(void)
{
    uint32_t free_of[BP_CLASS_COUNT] = {0}, spans_of[BP_CLASS_COUNT] = {0}, chunks = 0;
    uint32_t end = (uint32_t)(bp_hot.arena_units >> (BP_CHUNK_SHIFT - 4));
    for (uint32_t i = bp_reservation.arena_begin; i < end; i++) {
        const struct bp_span *span = bp_span_at(i);
        if (span->first_chunk != i)
            continue;
        check_span(span, &free_of[span->class_index]);
        spans_of[span->class_index]++;
        chunks += span->chunk_count;
    }
    for (int i = 0; i < CLASSES; i++) {
        CHECK_EQ(free_of[class_of[i]], lines[i].free_count);
        CHECK_EQ(lines[i].lists.free_objects, lines[i].free_count);
        CHECK_EQ(lines[i].lists.span_count, spans_of[class_of[i]]);
    }
    CHECK_EQ(bp_load_relaxed(&bp_counters.span_bytes), chunks * BP_CHUNK_BYTES);
}

// --- the calls ---

static void run_begin(struct line *line, int at)
{
    struct bp_span *span = bp_span_parked_locked(&line->lists, 0);
    if (!span) {
        span = bp_span_create(line->class_index, 0);
        line->lists.span_count++; // as the depot does
    }
    REQUIRE(span != NULL);
    line->runs[at].span = span;
    line->runs[at].cursor = bp_span_cursor(span);
}

static void run_bump(struct line *line, int at)
{
    struct bp_span *span = line->runs[at].span;
    uint32_t count = (uint32_t)prng_below(&rng, 12);
    size_t bytes = bp_class[line->class_index].object_bytes;
    size_t rest = (size_t)(bp_span_end(span) - line->runs[at].cursor);
    bp_span_note_limit(span, line->runs[at].cursor + (count * bytes < rest ? count * bytes : rest));
    for (; count && line->runs[at].cursor < bp_span_end(span); count--) {
        if (line->held_count < OBJECTS)
            hold(line, line->runs[at].cursor);
        else
            break;
        line->runs[at].cursor += bytes;
    }
}

// What comes free by the end of a run may take the span, and its free objects, with it.
static void run_stop(struct line *line, int at)
{
    struct bp_span *span = line->runs[at].span;
    uint32_t first = span->first_chunk, free_count = span->free_count;
    bp_span_stop_locked(&line->lists, span, line->runs[at].cursor);
    line->free_count -= span->first_chunk == first ? 0 : free_count;
    line->runs[at].span = NULL;
}

static void put(struct line *line)
{
    char *object = let_go(line);
    struct bp_span *span = bp_span_at(bp_span_at(bp_chunk_of(object))->first_chunk);
    uint32_t first = span->first_chunk, free_count = span->free_count;
    bp_span_put_locked(&line->lists, object);
    if (span->first_chunk == first)
        line->free_count++;
    else
        line->free_count -= free_count;
    spans_ended += span->first_chunk != first;
    most_free = line->free_count > most_free ? line->free_count : most_free;
}

static void gather(struct line *line)
{
    void *chain;
    uint32_t wanted = (uint32_t)prng_below(&rng, 40);
    uint32_t room = OBJECTS - line->held_count;
    wanted = wanted < room ? wanted : room;
    uint32_t got = bp_span_gather_locked(&line->lists, 0, wanted, &chain);
    CHECK_EQ(got, wanted < line->free_count ? wanted : line->free_count);
    CHECK(got == wanted || !bp_span_has_free(&line->lists));
    for (uint32_t i = 0; i < got && chain; i++) {
        void *next = *(void **)chain;
        hold(line, chain);
        chain = next;
    }
    CHECK_NULL(chain);
    line->free_count -= got;
}

// Growth and decline take turns.
static void step(bool growing)
{
    struct line *line = &lines[prng_below(&rng, CLASSES)];
    int at = (int)prng_below(&rng, RUNS);
    unsigned what = (unsigned)prng_below(&rng, 100);
    if (what < (growing ? 10 : 2))
        gather(line);
    else if (what < 50 && line->runs[at].span)
        run_bump(line, at);
    else if (what < 55 && line->runs[at].span)
        run_stop(line, at);
    else if (what < 60 && !line->runs[at].span)
        run_begin(line, at);
    for (uint32_t i = 0; what >= 60 && i < (growing ? 3 : 12) && line->held_count; i++)
        put(line);
}

static void drain(struct line *line)
{
    for (int at = 0; at < RUNS; at++) {
        if (line->runs[at].span)
            run_stop(line, at);
    }
    while (line->held_count)
        put(line);
}

static void agree_with_their_shadow(void)
{
    bp_reserve_init(256 * BP_MIB);
    for (int i = 0; i < CLASSES; i++)
        lines[i].class_index = class_of[i];
    for (int i = 0; i < STEPS && !check_failures; i++) {
        step(i / 2000 % 2 == 0);
        if (i % 50 == 0)
            check_all();
    }
    for (int i = 0; i < CLASSES; i++)
        drain(&lines[i]);
    check_all();
    CHECK(most_held > 500 && most_free > 100 && spans_ended > 100);
    CHECK_EQ(bp_load_relaxed(&bp_counters.span_bytes), 0);
}

UNIT_MAIN(UNIT_CASE(agree_with_their_shadow))
