// SPDX-License-Identifier: MIT
// macOS: each thread's copy of the thread-local words, and the zones that own foreign pointers.
#include "os/os.h"
#include "os/thread_local.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

enum { BLOCK_BYTES = 64, POOL_BYTES = 1 << 16, DESTRUCTOR_ROUNDS = 4 };

extern char bp_thread_template_end[] __asm__("section$end$__DATA$__bp_thread");

// What a thread has: its copy, and how often its end has come by.
struct block {
    char words[BLOCK_BYTES - 2 * sizeof(void *)];
    struct block *next;
    size_t rounds;
};

static struct {
    bp_atomic_u32 busy;      // a spin lock: held for a few instructions, or one mmap
    bp_atomic_size key_made; // the key and 1, or 0
    struct block *free;
} pool;

static void pool_take(void)
{
    // pairs with pool_give: what the last holder wrote is visible
    while (!bp_cas_u32_acquire(&pool.busy, 0, 1))
        sched_yield();
}

static void pool_give(void)
{
    // pairs with pool_take
    bp_store_u32_release(&pool.busy, 0);
}

static void block_free_locked(struct block *block)
{
    block->next = pool.free;
    pool.free = block;
}

static void pool_fill_locked(void)
{
    char *memory = mmap(NULL, POOL_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (memory == MAP_FAILED)
        bp_os_abort(); // a thread without thread-local words cannot even fail
    for (size_t at = 0; at < POOL_BYTES; at += BLOCK_BYTES)
        block_free_locked((struct block *)(void *)(memory + at));
}

// The block stays until every other destructor has run: they may still free.
static void block_end(void *argument)
{
    struct block *block = argument;
    pthread_key_t key = (pthread_key_t)(bp_load_relaxed(&pool.key_made) - 1);
    if (++block->rounds < DESTRUCTOR_ROUNDS) {
        pthread_setspecific(key, block);
        return;
    }
    pool_take();
    block_free_locked(block);
    pool_give();
}

static void key_make_locked(void)
{
    pthread_key_t key;
    if (bp_load_relaxed(&pool.key_made))
        return;
    if (pthread_key_create(&key, block_end))
        bp_os_abort();
    bp_store_relaxed(&pool.key_made, (size_t)key + 1);
}

static BP_NOINLINE struct block *block_make(void)
{
    size_t n_bytes = (size_t)(bp_thread_template_end - bp_thread_template);
    pool_take();
    key_make_locked();
    if (!pool.free)
        pool_fill_locked();
    struct block *block = pool.free;
    pool.free = block->next;
    pool_give();
    block->rounds = 0;
    memcpy(block->words, bp_thread_template, n_bytes);
    pthread_setspecific((pthread_key_t)(bp_load_relaxed(&pool.key_made) - 1), block);
    return block;
}

char *bp_os_thread_block(void)
{
    size_t made = bp_load_relaxed(&pool.key_made);
    struct block *block = made ? pthread_getspecific((pthread_key_t)(made - 1)) : NULL;
    return BP_LIKELY(block) ? block->words : block_make()->words;
}

// --- foreign pointers: the zone that owns one knows what to do with it ---

extern void *malloc_zone_from_ptr(const void *pointer);
extern void malloc_zone_free(void *zone, void *pointer);
extern void *malloc_zone_realloc(void *zone, void *pointer, size_t n_bytes);
extern size_t malloc_size(const void *pointer);

// System libraries free pointers that no zone owns, and count on nothing happening.
static void foreign_free(void *pointer)
{
    void *zone = malloc_zone_from_ptr(pointer);
    if (zone)
        malloc_zone_free(zone, pointer);
}

static void *foreign_realloc(void *pointer, size_t n_bytes)
{
    void *zone = malloc_zone_from_ptr(pointer);
    return zone ? malloc_zone_realloc(zone, pointer, n_bytes) : NULL;
}

static size_t foreign_usable_size(void *pointer)
{
    return malloc_zone_from_ptr(pointer) ? malloc_size(pointer) : 0;
}

void *bp_os_next_function(const char *name)
{
    if (strcmp(name, "free") == 0)
        return __extension__(void *) foreign_free;
    if (strcmp(name, "realloc") == 0)
        return __extension__(void *) foreign_realloc;
    if (strcmp(name, "malloc_usable_size") == 0)
        return __extension__(void *) foreign_usable_size;
    return NULL;
}
