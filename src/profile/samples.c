// SPDX-License-Identifier: MIT
#include "profile/samples.h"

#include "base/bits.h"
#include "base/limits.h"
#include "core/lock.h"
#include "os/os.h"

#include <string.h>

enum { STACK_HEADS = 1 << 14, SAMPLE_HEADS = 1 << 16 };

#define AREA_BYTES     (64 * BP_GIB)
#define AREA_MIN_BYTES (8 * BP_MIB)
#define COMMIT_BYTES   BP_MIB

// Heads of hash chains, then records.
struct area {
    char *base;
    size_t n_bytes, committed_bytes, used_bytes;
};

static struct {
    struct bp_lock lock; // rank PROFILE: guards all of it
    struct area stacks, samples;
    uint32_t free_sample;
    struct bp_sample_counts counts;
} all = {.lock = BP_LOCK_INIT(BP_RANK_PROFILE)};

struct bp_lock *bp_samples_lock(void)
{
    return &all.lock;
}

// --- areas ---

static void *area_extend(struct area *area, size_t n_bytes)
{
    size_t until = area->used_bytes + n_bytes;
    if (until > area->committed_bytes) {
        size_t step = bp_align_up(until - area->committed_bytes, COMMIT_BYTES);
        if (area->committed_bytes + step > area->n_bytes ||
            bp_os_commit(area->base + area->committed_bytes, step))
            return NULL;
        area->committed_bytes += step;
    }
    void *place = area->base + area->used_bytes;
    area->used_bytes = until;
    return place;
}

// As much address space as is granted; what is not committed costs nothing.
static bool area_make(struct area *area, size_t head_bytes)
{
    void *base = NULL;
    size_t n_bytes = AREA_BYTES;
    while (bp_os_reserve(n_bytes, BP_CHUNK_BYTES, &base)) {
        n_bytes /= 2;
        if (n_bytes < AREA_MIN_BYTES)
            return false;
    }
    bp_os_name(base, n_bytes);
    *area = (struct area){.base = base, .n_bytes = n_bytes};
    if (area_extend(area, head_bytes))
        return true;
    bp_os_unmap(base, n_bytes);
    *area = (struct area){.base = NULL};
    return false;
}

static bool init_locked(void)
{
    return (all.stacks.base || area_make(&all.stacks, STACK_HEADS * sizeof(uint32_t))) &&
           (all.samples.base || area_make(&all.samples, SAMPLE_HEADS * sizeof(uint32_t)));
}

// Under the lock, so that whoever samples next sees the areas.
bool bp_samples_init(void)
{
    bp_lock_take(&all.lock);
    bool done = init_locked();
    bp_lock_give(&all.lock);
    return done;
}

static struct bp_stack *stack_at(uint32_t position)
{
    return (struct bp_stack *)(void *)(all.stacks.base + (size_t)(position - 1) * sizeof(uint64_t));
}

static struct bp_sample *sample_at(uint32_t number)
{
    char *records = all.samples.base + SAMPLE_HEADS * sizeof(uint32_t);
    return (struct bp_sample *)(void *)records + (number - 1);
}

// --- stacks ---

static uint64_t hash_of(const uintptr_t *addresses, uint32_t depth)
{
    uint64_t hash = depth;
    for (uint32_t i = 0; i < depth; i++) {
        hash = (hash ^ addresses[i]) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 29;
    }
    return hash;
}

static uint32_t stack_create_locked(uint32_t *head, uint64_t hash, const uintptr_t *addresses,
                                    uint32_t depth)
{
    size_t n_bytes = sizeof(struct bp_stack) + depth * sizeof(*addresses);
    if ((all.stacks.used_bytes + n_bytes) / sizeof(uint64_t) > UINT32_MAX)
        return 0;
    struct bp_stack *stack = area_extend(&all.stacks, n_bytes);
    if (!stack)
        return 0;
    *stack = (struct bp_stack){.hash = hash, .next = *head, .depth = depth};
    memcpy(stack->address, addresses, depth * sizeof(*addresses));
    *head = (uint32_t)((size_t)((char *)stack - all.stacks.base) / sizeof(uint64_t)) + 1;
    return *head;
}

// The stack of these addresses, new or not; 0 if there is no room for it.
static uint32_t stack_of_locked(uint64_t hash, const uintptr_t *addresses, uint32_t depth)
{
    uint32_t *head = (uint32_t *)(void *)all.stacks.base + (hash & (STACK_HEADS - 1));
    for (uint32_t at = *head; at; at = stack_at(at)->next) {
        struct bp_stack *stack = stack_at(at);
        if (stack->hash == hash && stack->depth == depth &&
            memcmp(stack->address, addresses, depth * sizeof(*addresses)) == 0)
            return at;
    }
    return stack_create_locked(head, hash, addresses, depth);
}

struct bp_sums bp_stack_peak(const struct bp_stack *stack, uint64_t peak_number)
{
    return stack->peak_number == peak_number ? stack->peak : stack->live;
}

static void sums_add(struct bp_sums *to, struct bp_sums what)
{
    to->objects += what.objects;
    to->n_bytes += what.n_bytes;
}

static void sums_sub(struct bp_sums *from, struct bp_sums what)
{
    from->objects -= what.objects;
    from->n_bytes -= what.n_bytes;
}

// Before the stack changes: its part of the peak is what it is now, if it has not changed since.
static void peak_keep(struct bp_stack *stack)
{
    stack->peak = bp_stack_peak(stack, all.counts.peak_number);
    stack->peak_number = all.counts.peak_number;
}

// --- samples ---

static uint32_t *sample_head(const void *object)
{
    size_t hash = (size_t)object * 0x9e3779b97f4a7c15u >> 32;
    return (uint32_t *)(void *)all.samples.base + (hash & (SAMPLE_HEADS - 1));
}

static uint32_t sample_create_locked(void)
{
    uint32_t number = all.free_sample;
    if (number) {
        all.free_sample = sample_at(number)->next;
        return number;
    }
    struct bp_sample *sample = area_extend(&all.samples, sizeof(*sample));
    return sample ? (uint32_t)(sample - sample_at(1)) + 1 : 0;
}

static bool insert_locked(const void *object, uint32_t stack, struct bp_sums sums)
{
    uint32_t number = stack ? sample_create_locked() : 0;
    if (!number)
        return false;
    uint32_t *head = sample_head(object);
    *sample_at(number) = (struct bp_sample){object, *head, stack, sums};
    *head = number;
    peak_keep(stack_at(stack));
    sums_add(&stack_at(stack)->live, sums);
    sums_add(&all.counts.live, sums);
    all.counts.live_samples++;
    return true;
}

bool bp_samples_add(const void *object, struct bp_sums sums, const uintptr_t *addresses,
                    uint32_t depth, bool *ret_peak)
{
    uint64_t hash = hash_of(addresses, depth);
    bp_lock_take(&all.lock);
    uint32_t stack = stack_of_locked(hash, addresses, depth);
    bool added = insert_locked(object, stack, sums);
    if (added) {
        all.counts.taken++;
        sums_add(&stack_at(stack)->total, sums);
    } else {
        all.counts.dropped++;
    }
    *ret_peak = all.counts.live.n_bytes > all.counts.peak.n_bytes;
    if (*ret_peak) {
        all.counts.peak = all.counts.live;
        all.counts.peak_number++;
    }
    bp_lock_give(&all.lock);
    return added;
}

static bool remove_locked(const void *object, struct bp_sample *ret_sample)
{
    if (!all.samples.base)
        return false;
    uint32_t *link = sample_head(object);
    while (*link && sample_at(*link)->object != object)
        link = &sample_at(*link)->next;
    uint32_t number = *link;
    if (!number)
        return false;
    struct bp_sample *sample = sample_at(number);
    *ret_sample = *sample;
    *link = sample->next;
    sample->next = all.free_sample;
    all.free_sample = number;
    return true;
}

bool bp_samples_remove(const void *object, struct bp_sample *ret_sample)
{
    bp_lock_take(&all.lock);
    bool found = remove_locked(object, ret_sample);
    if (found) {
        struct bp_stack *stack = stack_at(ret_sample->stack);
        peak_keep(stack);
        sums_sub(&stack->live, ret_sample->sums);
        sums_sub(&all.counts.live, ret_sample->sums);
        all.counts.live_samples--;
    }
    bp_lock_give(&all.lock);
    return found;
}

// Its record has just been freed, so one can be had, unless another thread has taken it since.
void bp_samples_restore(const struct bp_sample *sample)
{
    bp_lock_take(&all.lock);
    if (!insert_locked(sample->object, sample->stack, sample->sums))
        all.counts.dropped++;
    bp_lock_give(&all.lock);
}

// --- reading ---

static void counts_locked(struct bp_sample_counts *ret_counts)
{
    size_t heads = STACK_HEADS * sizeof(uint32_t);
    *ret_counts = all.counts;
    ret_counts->stack_words = bp_sub_or_zero(all.stacks.used_bytes, heads) / sizeof(uint64_t);
}

void bp_samples_count(struct bp_sample_counts *ret_counts)
{
    bp_lock_take(&all.lock);
    counts_locked(ret_counts);
    bp_lock_give(&all.lock);
}

// Not more stacks than fit whole.
size_t bp_samples_copy(uint64_t *ret_words, size_t n_words, struct bp_sample_counts *ret_counts)
{
    size_t words = 0;
    bp_lock_take(&all.lock);
    counts_locked(ret_counts);
    const uint64_t *from =
        (const uint64_t *)(void *)(all.stacks.base + STACK_HEADS * sizeof(uint32_t));
    while (words < ret_counts->stack_words) {
        size_t next = bp_stack_words((const struct bp_stack *)(const void *)(from + words));
        if (words + next > n_words)
            break;
        words += next;
    }
    if (words)
        memcpy(ret_words, from, words * sizeof(uint64_t));
    bp_lock_give(&all.lock);
    return words;
}
