// SPDX-License-Identifier: MIT
// Sequences of calls against a model that remembers every block: none overlaps another, each is
// aligned, keeps its bytes and its usable size; calloc's are zero; and when all are freed nothing
// is in use. Some calls meet a system that refuses the next few requests: then, and only then, they
// may answer NULL.
//   input: operations of one byte, each with the operands that it reads
#include "fuzz.h"

#include "api/stats.h"
#include "entry/entry.h"
#include "os/os.h"
#include "thread/heap_hot.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

enum { BLOCKS = 64, OPERATIONS_MAX = 2000, WHOLE_BYTES = 4096, EDGE_BYTES = 64, BULK = 600 };
#define LIVE_MAX ((size_t)256 << 20)

enum operation {
    OP_MALLOC,
    OP_CALLOC,
    OP_ALIGNED,
    OP_REALLOC,
    OP_FREE,
    OP_BULK_TAKE,
    OP_BULK_GIVE,
    OP_TRIM,
    OP_FAULT,
    OP_THREAD,
    OP_COUNT,
};

struct block {
    unsigned char *start; // NULL: none
    size_t n_bytes, usable;
    uint8_t seed;
};

struct input {
    const uint8_t *at, *end;
};

static struct block blocks[BLOCKS];
static void *bulk[BULK];
static unsigned bulk_count;
static size_t bulk_bytes, live_bytes;
static unsigned refusals_due, refusals; // of the system, from now on; and so far

// --- input ---

static uint8_t take(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

// Every magnitude to 64 MiB, small ones more often; and the edges of size classes.
static size_t take_size(struct input *input)
{
    uint8_t magnitude = take(input), low = take(input);
    unsigned shift = magnitude < 200 ? magnitude % 12 : magnitude % 19;
    size_t n_bytes = ((size_t)256 + low) << shift;
    return magnitude & 32 ? n_bytes + low % 3 - 1 : magnitude & 64 ? low : n_bytes / 16;
}

// --- the system refuses ---

static int refuse(enum bp_os_call call)
{
    (void)call;
    if (!refusals_due)
        return 0;
    refusals_due--;
    refusals++;
    return ENOMEM;
}

// --- blocks ---

static unsigned char byte_of(const struct block *block, size_t at)
{
    return (unsigned char)(block->seed + at * 31 + (at >> 8));
}

// The whole of a small block, both ends of a large one.
static size_t next_of(size_t at, size_t n_bytes)
{
    bool skips = n_bytes > WHOLE_BYTES && at == EDGE_BYTES;
    return skips ? n_bytes - EDGE_BYTES : at + 1;
}

static void block_fill(const struct block *block)
{
    for (size_t at = 0; at < block->n_bytes; at = next_of(at, block->n_bytes))
        block->start[at] = byte_of(block, at);
}

// The first n_bytes are as block_fill left them, those that it wrote.
static void block_check(const struct block *block, size_t n_bytes)
{
    for (size_t at = 0; at < n_bytes && at < block->n_bytes; at = next_of(at, block->n_bytes)) {
        if (block->start[at] != byte_of(block, at))
            fuzz_fail("byte %zu of %zu at %p: %02x instead of %02x", at, block->n_bytes,
                      (void *)block->start, block->start[at], byte_of(block, at));
    }
}

static void check_apart(const struct block *block)
{
    for (int i = 0; i < BLOCKS; i++) {
        const struct block *other = &blocks[i];
        if (other != block && other->start && block->start < other->start + other->usable &&
            other->start < block->start + block->usable)
            fuzz_fail("%zu bytes at %p overlap %zu at %p", block->usable, (void *)block->start,
                      other->usable, (void *)other->start);
    }
}

// Fills what the caller got; NULL must have a reason.
static void block_begin(struct block *block, void *start, size_t n_bytes, size_t align,
                        unsigned refused)
{
    static uint8_t seed;
    if (!start && refusals == refused)
        fuzz_fail("NULL for %zu bytes, and nothing was refused", n_bytes);
    if (!start)
        return;
    *block = (struct block){start, n_bytes, bp_entry_usable_size(start), ++seed};
    if ((size_t)start % align)
        fuzz_fail("%zu bytes at %p, not aligned to %zu", n_bytes, start, align);
    if (block->usable < n_bytes)
        fuzz_fail("%zu bytes at %p, of which %zu are usable", n_bytes, start, block->usable);
    check_apart(block);
    block_fill(block);
    live_bytes += block->usable;
}

static void *hot_malloc(size_t n_bytes)
{
    void *object = bp_heap_try_malloc(n_bytes);
    return object ? object : bp_entry_malloc_slow(n_bytes);
}

static void hot_free(void *object)
{
    if (!bp_heap_try_free(object))
        bp_entry_free_slow(object);
}

static void block_free(struct block *block)
{
    if (!block->start)
        return;
    if (bp_entry_usable_size(block->start) != block->usable)
        fuzz_fail("usable size of %p: %zu, then %zu", (void *)block->start, block->usable,
                  bp_entry_usable_size(block->start));
    block_check(block, block->n_bytes);
    live_bytes -= block->usable;
    hot_free(block->start);
    block->start = NULL;
}

// --- operations ---

static void do_malloc(struct block *block, size_t n_bytes)
{
    unsigned refused = refusals;
    block_free(block);
    block_begin(block, hot_malloc(n_bytes), n_bytes, 16, refused);
}

static void do_calloc(struct block *block, size_t n_bytes)
{
    unsigned refused = refusals;
    block_free(block);
    unsigned char *start = bp_entry_calloc_slow(1, n_bytes);
    for (size_t at = 0; start && at < n_bytes; at++) {
        if (start[at])
            fuzz_fail("calloc of %zu bytes: byte %zu is %02x", n_bytes, at, start[at]);
    }
    block_begin(block, start, n_bytes, 16, refused);
}

static void do_aligned(struct block *block, size_t n_bytes, size_t align)
{
    unsigned refused = refusals;
    block_free(block);
    block_begin(block, bp_entry_aligned_alloc(align, n_bytes), n_bytes, align < 16 ? 16 : align,
                refused);
}

static void do_realloc(struct block *block, size_t n_bytes)
{
    struct block old = *block;
    unsigned refused = refusals;
    if (!old.start)
        return;
    block_check(&old, old.n_bytes);
    unsigned char *start = bp_entry_realloc(old.start, n_bytes ? n_bytes : 1);
    if (!start && refusals == refused)
        fuzz_fail("realloc to %zu bytes: NULL, and nothing was refused", n_bytes);
    if (!start) {
        block_check(&old, old.n_bytes);
        return;
    }
    live_bytes -= old.usable;
    old.start = start;
    block_check(&old, n_bytes);
    block_begin(block, start, n_bytes ? n_bytes : 1, 16, refused);
}

// Many objects of one class: magazines turn, spans fill.
static void do_bulk_take(size_t n_bytes)
{
    if (!bulk_count)
        bulk_bytes = n_bytes % 5000 + 1;
    while (bulk_count < BULK) {
        unsigned char *object = hot_malloc(bulk_bytes);
        if (!object)
            return;
        object[0] = object[bulk_bytes - 1] = (unsigned char)bulk_count;
        bulk[bulk_count++] = object;
    }
}

// Of every `step` objects one stays.
static void do_bulk_give(unsigned step)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < bulk_count; i++) {
        unsigned char *object = bulk[i];
        if (object[bulk_bytes - 1] != object[0])
            fuzz_fail("an object of %zu bytes at %p changed", bulk_bytes, bulk[i]);
        if (step > 1 && i % step == 0)
            bulk[kept++] = object;
        else
            hot_free(object);
    }
    bulk_count = kept;
}

static void *thread_main(void *unused)
{
    (void)unused;
    for (int i = 0; i < BLOCKS; i += 2)
        do_realloc(&blocks[i], blocks[i].n_bytes / 2 + 1);
    for (int i = 1; i < BLOCKS; i += 4)
        block_free(&blocks[i]);
    return NULL;
}

// Another thread frees, resizes and ends; nothing is refused while the C library sets it up.
static void do_thread(void)
{
    pthread_t thread;
    unsigned due = refusals_due;
    refusals_due = 0;
    if (pthread_create(&thread, NULL, thread_main, NULL))
        fuzz_fail("pthread_create");
    pthread_join(thread, NULL);
    refusals_due = due;
}

static void run_operation(struct input *input)
{
    uint8_t code = take(input), which = take(input);
    struct block *block = &blocks[which % BLOCKS];
    bool full = live_bytes > LIVE_MAX;
    switch (code % OP_COUNT) {
    case OP_MALLOC:
        do_malloc(block, full ? 1 : take_size(input));
        break;
    case OP_CALLOC:
        do_calloc(block, full ? 1 : take_size(input));
        break;
    case OP_ALIGNED:
        do_aligned(block, full ? 1 : take_size(input), (size_t)1 << (3 + take(input) % 20));
        break;
    case OP_REALLOC:
        do_realloc(block, full ? 1 : take_size(input));
        break;
    case OP_FREE:
        block_free(block);
        break;
    case OP_BULK_TAKE:
        do_bulk_take(take_size(input));
        break;
    case OP_BULK_GIVE:
        do_bulk_give(which % 16);
        break;
    case OP_TRIM:
        bp_entry_trim(0);
        break;
    case OP_FAULT:
        refusals_due = which % 8;
        break;
    default:
        do_thread();
    }
}

// --- a run ---

static size_t settle(void)
{
    struct bp_stats stats;
    refusals_due = 0;
    for (int i = 0; i < BLOCKS; i++)
        block_free(&blocks[i]);
    do_bulk_give(0);
    bp_entry_trim(0);
    bp_stats_gather(&stats);
    return stats.used_bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    static bool booted;
    static size_t used_bytes;
    struct input input = {data, data + n_bytes};
    if (!booted) {
        bp_entry_init();
        do_malloc(&blocks[0], 1);
        do_thread();
        used_bytes = settle();
        bp_os_fault_hook = refuse;
        booted = true;
    }
    for (int i = 0; i < OPERATIONS_MAX && input.at < input.end; i++)
        run_operation(&input);
    size_t left_bytes = settle();
    if (left_bytes != used_bytes)
        fuzz_fail("%zu bytes are in use although all was freed; %zu at first", left_bytes,
                  used_bytes);
    return 0;
}
