// SPDX-License-Identifier: MIT
#include "seat.h"

#include "check.h"
#include "shadow.h"

#include <malloc.h>
#include <pthread.h>

enum { POOL_SLOTS = 1024, POOL_LOCKS = 16, SLACK_BYTES = 64 };

struct band {
    size_t max;
    unsigned weight; // of 1000
};

struct seat_limits seat_limits;
const char *const op_names[OP_COUNT] = {
    "malloc",        "calloc", "realloc(NULL)", "memalign",  "posix_memalign",
    "aligned_alloc", "free",   "realloc",       "hand-over", "free all"};

static const struct band bands[] = {{64, 400},    {1024, 320},   {32768, 215},
                                    {262144, 50}, {1 << 20, 11}, {32 << 20, 4}};
static const unsigned op_weights[OP_COUNT] = { // of 10,000
    2000, 700, 200, 300, 300, 300, 3300, 1400, 1499, 1};

static struct block pool[POOL_SLOTS];
static pthread_mutex_t pool_locks[POOL_LOCKS] = {
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_MUTEX_INITIALIZER};

// Within a band; one in eight sits at the edge of a power of two, where classes end.
static size_t pick_size(struct prng *rng)
{
    unsigned at = (unsigned)prng_below(rng, 1000);
    size_t i = 0;
    while (at >= bands[i].weight)
        at -= bands[i++].weight;
    size_t size = prng_range(rng, i ? bands[i - 1].max + 1 : 1, bands[i].max);
    if (prng_below(rng, 8) == 0)
        size = ((size_t)1 << (63 - __builtin_clzll(size))) + prng_below(rng, 3) - 1;
    if (size > seat_limits.max_size)
        size = prng_range(rng, 1, seat_limits.max_size);
    return size ? size : 1;
}

// Mostly a step from the old size, up or down; sometimes anything.
static size_t pick_new_size(struct prng *rng, size_t old)
{
    size_t size;
    switch (prng_below(rng, 4)) {
    case 0:
        size = pick_size(rng);
        break;
    case 1:
        size = 2 * old;
        break;
    default:
        size = old / 2 + prng_below(rng, old + 1);
    }
    size = size < seat_limits.max_size ? size : seat_limits.max_size;
    return size ? size : 1;
}

static size_t pick_alignment(struct prng *rng)
{
    unsigned top = prng_below(rng, 100) == 0 ? 22 : 13;
    return (size_t)1 << prng_range(rng, 3, top);
}

static enum op pick_op(struct prng *rng)
{
    unsigned at = (unsigned)prng_below(rng, 10000);
    unsigned op = 0;
    while (at >= op_weights[op])
        at -= op_weights[op++];
    return (enum op)op;
}

static void *allocate(enum op op, size_t alignment, size_t size)
{
    void *p = NULL;
    switch (op) {
    case OP_CALLOC:
        return size % 3 ? calloc(1, size) : calloc(size / 3, 3);
    case OP_REALLOC_NULL:
        return realloc(NULL, size);
    case OP_MEMALIGN:
        return memalign(alignment, size);
    case OP_POSIX_MEMALIGN:
        return posix_memalign(&p, alignment, size) == 0 ? p : NULL;
    case OP_ALIGNED_ALLOC:
        return aligned_alloc(alignment, size);
    default:
        return malloc(size);
    }
}

// What the caller may write behind the size that was asked for, it does write.
static void use_slack(const struct block *b)
{
    size_t n_bytes = b->usable - b->size < SLACK_BYTES ? b->usable - b->size : SLACK_BYTES;
    memset(b->start + b->size, 0xee, n_bytes);
    b->start[b->usable - 1] = 0xee;
}

// --- memory that is short ---

static unsigned short_phase; // odd while memory is short

void seat_memory_short(bool is_short)
{
    if (is_short != seat_memory_is_short())
        __atomic_add_fetch(&short_phase, 1, __ATOMIC_SEQ_CST);
}

bool seat_memory_is_short(void)
{
    return __atomic_load_n(&short_phase, __ATOMIC_SEQ_CST) & 1;
}

// Is there a block, or a reason why not? phase: before the call.
static bool was_granted(struct seat *seat, const void *start, size_t size, enum op op,
                        unsigned phase)
{
    int code = errno;
    bool may_fail = phase & 1 || __atomic_load_n(&short_phase, __ATOMIC_SEQ_CST) != phase;
    if (start)
        return true;
    if (!may_fail || (code != ENOMEM && op != OP_POSIX_MEMALIGN))
        stress_fail("%s of %zu bytes: NULL, %s", op_names[op], size, strerror(code));
    __atomic_add_fetch(&seat->denied, 1, __ATOMIC_RELAXED);
    return false;
}

// Takes a new or moved block into the books.
static void block_adopt(struct seat *seat, struct block *b, enum op op, size_t alignment)
{
    if ((uintptr_t)b->start % alignment)
        stress_fail("%s of %zu bytes: %p is no multiple of %zu", op_names[op], b->size,
                    (void *)b->start, alignment);
    b->usable = malloc_usable_size(b->start);
    if (b->usable < b->size)
        stress_fail("%s of %zu bytes: only %zu are usable", op_names[op], b->size, b->usable);
    shadow_add(b->start, b->usable);
    b->seed = prng_next(&seat->rng);
    seat->live_bytes += b->size;
}

static void seat_allocate(struct seat *seat, struct block *b, enum op op)
{
    size_t alignment = pick_alignment(&seat->rng);
    unsigned phase = __atomic_load_n(&short_phase, __ATOMIC_SEQ_CST);
    b->size = pick_size(&seat->rng);
    b->start = allocate(op, alignment, b->size);
    if (!was_granted(seat, b->start, b->size, op, phase))
        return;
    block_adopt(seat, b, op, op < OP_MEMALIGN || alignment < 16 ? 16 : alignment);
    if (op == OP_CALLOC)
        block_verify_zero(b);
    use_slack(b);
    block_fill(b);
}

static void block_check_usable(const struct block *b)
{
    size_t usable = malloc_usable_size(b->start);
    if (usable != b->usable)
        stress_fail("block of %zu bytes at %p: %zu bytes were usable, now %zu", b->size,
                    (void *)b->start, b->usable, usable);
}

static void seat_free(struct seat *seat, struct block *b)
{
    if (!b->start)
        return;
    block_check_usable(b);
    block_verify(b, b->start, b->size);
    shadow_remove(b->start, b->usable);
    seat->live_bytes -= b->size;
    free(b->start);
    b->start = NULL;
}

static void seat_realloc(struct seat *seat, struct block *b)
{
    size_t size = pick_new_size(&seat->rng, b->size);
    struct block old = *b;
    unsigned phase = __atomic_load_n(&short_phase, __ATOMIC_SEQ_CST);
    block_check_usable(b);
    shadow_remove(b->start, b->usable);
    b->start = realloc(b->start, size);
    if (!was_granted(seat, b->start, size, OP_REALLOC, phase)) {
        *b = old;
        shadow_add(b->start, b->usable);
        return;
    }
    seat->live_bytes -= b->size;
    b->size = size;
    block_adopt(seat, b, OP_REALLOC, 16);
    block_verify(&old, b->start, old.size < size ? old.size : size);
    use_slack(b);
    block_fill(b);
}

// Swaps a block (or none) with one that any thread left in the pool.
static void seat_hand_over(struct seat *seat, struct block *b)
{
    size_t at = prng_below(&seat->rng, POOL_SLOTS);
    struct block mine = *b;
    pthread_mutex_lock(&pool_locks[at % POOL_LOCKS]);
    *b = pool[at];
    pool[at] = mine;
    pthread_mutex_unlock(&pool_locks[at % POOL_LOCKS]);
    seat->live_bytes -= mine.start ? mine.size : 0;
    seat->live_bytes += b->start ? b->size : 0;
}

void seat_free_all(struct seat *seat)
{
    for (size_t i = 0; i < SEAT_SLOTS; i++)
        seat_free(seat, &seat->slots[i]);
    if (seat->live_bytes)
        stress_fail("the driver lost count of %zu bytes", seat->live_bytes);
}

void pool_free_all(struct seat *seat)
{
    for (size_t i = 0; i < POOL_SLOTS; i++) {
        seat->live_bytes += pool[i].start ? pool[i].size : 0;
        seat_free(seat, &pool[i]);
    }
}

// What the drawn operation comes to, given the slot and the budget.
static enum op fit_op(const struct seat *seat, const struct block *b, enum op op)
{
    if ((op == OP_HAND_OVER && !seat->alone) || op == OP_FREE_ALL)
        return op;
    if (op == OP_HAND_OVER)
        op = OP_MALLOC;
    if (!b->start)
        return op < OP_ALLOC_COUNT ? op : OP_MALLOC;
    if (seat->live_bytes > seat_limits.live_bytes)
        return OP_FREE;
    return op < OP_ALLOC_COUNT ? OP_FREE : op;
}

void seat_step(struct seat *seat)
{
    struct block *b = &seat->slots[prng_below(&seat->rng, SEAT_SLOTS)];
    enum op op = fit_op(seat, b, pick_op(&seat->rng));
    uint64_t done = __atomic_load_n(&seat->done[op], __ATOMIC_RELAXED);
    __atomic_store_n(&seat->done[op], done + 1, __ATOMIC_RELAXED); // its own thread's alone
    switch (op) {
    case OP_FREE:
        seat_free(seat, b);
        break;
    case OP_REALLOC:
        seat_realloc(seat, b);
        break;
    case OP_HAND_OVER:
        seat_hand_over(seat, b);
        break;
    case OP_FREE_ALL:
        seat_free_all(seat);
        break;
    default:
        seat_allocate(seat, b, op);
    }
}
