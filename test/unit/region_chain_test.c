// SPDX-License-Identifier: MIT
// region: chains are walked in stretches where their growth was noted, and one by one where they do
// not agree; whatever is wrong with them is found either way.
#include "region/chain.h"
#include "region/depot.h"
#include "region/size_class.h"
#include "region/span.h"
#include "reserve/reserve.h"
#include "unit.h"
#include "unit_posix.h"

enum { CLASS = 4, STRETCH = 16, COUNT = STRETCH * BP_CHAIN_STRETCHES }; // 64 bytes

static char *object[COUNT + 1]; // in the order of their frees
static void *head, *noted;

// As thread/strays.c does it.
static void chain_make(void)
{
    head = noted = NULL;
    for (int i = 0; i < COUNT; i++) {
        if (i && i % STRETCH == 0) {
            bp_link_note(head, noted);
            noted = head;
        }
        bp_link_set(object[i], head);
        head = object[i];
    }
}

static void boot(void)
{
    bp_reserve_init(128 * BP_MIB);
    REQUIRE(bp_class[CLASS].object_bytes == 64);
    struct bp_run_bounds run = bp_depot_run_take(CLASS, 0);
    REQUIRE(run.cursor != NULL);
    bp_span_note_limit(bp_span_at(bp_chunk_of(run.cursor)), run.end);
    for (int i = 0; i <= COUNT; i++)
        object[i] = run.cursor + (size_t)(i * 7 % (COUNT + 1)) * 64;
    chain_make();
}

static bool agrees(void)
{
    return bp_chain_agrees(CLASS, head, COUNT, noted);
}

static void an_honest_chain_agrees(void)
{
    boot();
    CHECK(agrees());
    CHECK_EQ(bp_chain_length(head), COUNT);
    CHECK_EQ(bp_chain_count(CLASS, head), COUNT);
    bp_chain_expect(CLASS, head, COUNT);
}

static void without_notes_it_does_not(void)
{
    boot();
    CHECK(!bp_chain_agrees(CLASS, head, COUNT, NULL));
    CHECK(!bp_chain_agrees(CLASS, head, COUNT - 1, noted));
    CHECK(!bp_chain_agrees(CLASS, head, COUNT - BP_CHAIN_STRETCHES, noted));
    CHECK(!bp_chain_agrees(CLASS, bp_link_next(head), COUNT, noted));
}

static void wrong_notes_harm_nobody(void)
{
    static char foreign[64];
    void *const wrong[] = {foreign, object[COUNT] + 8, object[COUNT] + 16, object[COUNT], head,
                           NULL};
    boot();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        void *right = bp_link_noted(noted);
        bp_link_note(noted, wrong[i]);
        CHECK(!agrees());
        bp_link_note(noted, right);
        CHECK(agrees());
        CHECK(!bp_chain_agrees(CLASS, head, COUNT, wrong[i]));
        bp_chain_expect(CLASS, head, COUNT);
    }
}

// --- crimes: each in each stretch ---

static int at;

static void expect(void)
{
    if (!agrees())
        bp_chain_expect(CLASS, head, COUNT);
}

static void check_death(const char *crime, const char *line)
{
    char text[UNIT_TEXT];
    int status = unit_capture(expect, text);
    CHECK_FMT(unit_aborted(status), "%s at %d: status 0x%x", crime, at, (unsigned)status);
    CHECK_STR(text, line);
}

// As if it had been freed once more, when `later` others had been.
static void freed_twice(int first, int later)
{
    char line[UNIT_TEXT];
    chain_make();
    at = first;
    bp_link_set(object[first], object[later]);
    snprintf(line, sizeof line, "bumpalloc: double free of %p (class 64)\n", (void *)object[later]);
    check_death("double free", line);
}

static void double_frees_are_told(void)
{
    boot();
    for (int first = 3; first < COUNT; first += STRETCH) {
        for (int later = first; later < COUNT; later += STRETCH)
            freed_twice(first, later);
    }
}

static void interior_pointers_are_told(void)
{
    char line[UNIT_TEXT];
    boot();
    for (at = 3; at < COUNT; at += STRETCH) {
        chain_make();
        bp_link_set(object[at], object[COUNT] + 16);
        snprintf(line, sizeof line, "bumpalloc: invalid pointer %p passed to free\n",
                 (void *)(object[COUNT] + 16));
        check_death("interior", line);
    }
}

static void overwritten_links_are_told(void)
{
    static char foreign[64];
    static const char line[] =
        "bumpalloc: free objects corrupted: double free or write after free (class 64)\n";
    void *const wrong[] = {NULL, foreign, (void *)(size_t)0x4141414141414141};
    boot();
    for (at = 3; at < COUNT; at += STRETCH) {
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            chain_make();
            bp_link_set(object[at], wrong[i]);
            check_death("overwritten", line);
        }
    }
}

UNIT_MAIN(UNIT_CASE(an_honest_chain_agrees), UNIT_CASE(without_notes_it_does_not),
          UNIT_CASE(wrong_notes_harm_nobody), UNIT_CASE(double_frees_are_told),
          UNIT_CASE(interior_pointers_are_told), UNIT_CASE(overwritten_links_are_told))
