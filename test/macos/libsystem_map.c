// SPDX-License-Identifier: MIT
#include "libsystem_map.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    ENTRIES_MAX = 1 << 18,
    OBJECTS_MAX = 1 << 20,
    LEAF_SHIFT = 30, // a leaf of bits is for 1 GiB: an emulator may not afford one table for all
    COALESCE_MAX = (128 << 10) - 1, // NO_COALESCE_LIMIT
    PIECE_BYTES = 128 << 20,        // ANON_CHUNK_SIZE
    FILE_OBJECT = 1,                // of all files: these are never asked about
    MAC_EINVAL = 22,
    MAC_EPERM = 1,
};

struct entry {
    uintptr_t begin, end;
    size_t offset;   // in the object, or from where the entry began
    uint32_t object; // 0: none yet
    uint8_t prot;
    bool closed, needs_copy;
};

static struct {
    int busy;
    struct entry *entries;
    size_t count;
    uint32_t *users; // of each object; one without any is free for the next that is made
    uint32_t objects;
    uint64_t **discarded; // leaves of a bit a page, NULL before the first
    uint64_t chance;
    struct libsystem_map_facts facts;
} map;

size_t libsystem_kernel_page;

void libsystem_map_take(void)
{
    while (__atomic_exchange_n(&map.busy, 1, __ATOMIC_ACQUIRE))
        sched_yield();
}

void libsystem_map_give(void)
{
    __atomic_store_n(&map.busy, 0, __ATOMIC_RELEASE);
}

static void *table(size_t n_bytes)
{
    void *mapped = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED)
        abort();
    return mapped;
}

static size_t page_bytes(void)
{
    return (size_t)getpagesize();
}

// BUMP_TEST_KERNEL_PAGE: another page of the kernel's than the process's, as under Rosetta.
static __attribute__((constructor(101))) void tables_make(void)
{
    const char *kernel_page = getenv("BUMP_TEST_KERNEL_PAGE");
    libsystem_kernel_page = kernel_page ? strtoul(kernel_page, NULL, 10) : page_bytes();
    map.entries = table(ENTRIES_MAX * sizeof(*map.entries));
    map.users = table(OBJECTS_MAX * sizeof(*map.users));
    map.discarded = table(((size_t)1 << (47 - LEAF_SHIFT)) * sizeof(*map.discarded));
}

static uint64_t chance(void)
{
    map.chance = map.chance * 6364136223846793005u + 1442695040888963407u;
    return map.chance >> 33;
}

// --- entries ---

// The first entry that ends behind the address.
static size_t find(uintptr_t address)
{
    size_t low = 0, high = map.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (map.entries[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct entry *gap_open(size_t at, size_t n)
{
    if (map.count + n > ENTRIES_MAX)
        abort();
    memmove(&map.entries[at + n], &map.entries[at], (map.count - at) * sizeof(struct entry));
    map.count += n;
    if (map.count > map.facts.peak_entries)
        map.facts.peak_entries = map.count;
    return &map.entries[at];
}

static bool is_touched(const struct entry *it)
{
    enum { AT_ONCE = 4096, OWN_PAGE = 4096 };
    unsigned char bits[AT_ONCE];
    size_t left = (it->end - it->begin) / OWN_PAGE;
    for (uintptr_t at = it->begin; left;) {
        size_t count = left < AT_ONCE ? left : AT_ONCE;
        if (mincore((void *)at, count * OWN_PAGE, bits) != 0 || memchr(bits, 1, count))
            return true;
        at += count * OWN_PAGE;
        left -= count;
    }
    return false;
}

static void object_make(struct entry *it)
{
    do
        map.objects = (map.objects + 1) % OBJECTS_MAX;
    while (map.objects <= FILE_OBJECT || map.users[map.objects]);
    map.users[0]--;
    it->object = map.objects;
    it->offset = 0;
    map.users[it->object] = 1;
}

// The kernel makes the object when a page is touched: nobody sees it before it is asked.
static void object_look(struct entry *it)
{
    if (!it->object && !it->closed && is_touched(it))
        object_make(it);
}

// No entry reaches over the address any more. (vm_map_clip_start)
static void cut(uintptr_t address)
{
    size_t at = find(address);
    if (at == map.count || map.entries[at].begin >= address)
        return;
    object_look(&map.entries[at]);
    struct entry head = map.entries[at];
    head.end = address;
    map.entries[at].offset += address - head.begin;
    map.entries[at].begin = address;
    map.users[head.object]++;
    *gap_open(at, 1) = head;
}

// The word with the page's bit; NULL: no page of the leaf is discarded.
static uint64_t *word_of(uintptr_t address, bool make)
{
    uint64_t **leaf = &map.discarded[address >> LEAF_SHIFT];
    size_t pages = ((size_t)1 << LEAF_SHIFT) / page_bytes();
    if (!*leaf && make)
        *leaf = table(pages / 8);
    return *leaf ? *leaf + address / page_bytes() % pages / 64 : NULL;
}

static uint64_t bit_of(uintptr_t address)
{
    return (uint64_t)1 << address / page_bytes() % 64;
}

bool libsystem_map_is_discarded(uintptr_t address)
{
    const uint64_t *word = word_of(address, false);
    return word && (*word & bit_of(address));
}

static void discarded_clear(uintptr_t begin, uintptr_t end)
{
    uintptr_t leaf_bytes = (uintptr_t)1 << LEAF_SHIFT, word_bytes = 64 * page_bytes();
    for (uintptr_t at = begin; at < end && map.facts.discarded_bytes;) {
        uint64_t *word = word_of(at, false);
        if (!word || !*word) {
            at = (at | ((word ? word_bytes : leaf_bytes) - 1)) + 1;
            continue;
        }
        if (*word & bit_of(at))
            map.facts.discarded_bytes -= page_bytes();
        *word &= ~bit_of(at);
        at += page_bytes();
    }
}

void libsystem_map_delete(uintptr_t begin, size_t n_bytes)
{
    uintptr_t end = begin + n_bytes;
    cut(begin);
    cut(end);
    size_t from = find(begin), until = from;
    for (; until < map.count && map.entries[until].begin < end; until++) {
        map.users[map.entries[until].object]--;
        if (!map.entries[until].closed)
            discarded_clear(map.entries[until].begin, map.entries[until].end);
    }
    memmove(&map.entries[from], &map.entries[until], (map.count - until) * sizeof(*map.entries));
    map.count -= until - from;
}

// Does the entry before it grow instead? (vm_map_enter, vm_object_coalesce)
static bool coalesce(size_t at, const struct entry *fresh)
{
    struct entry *before = at ? &map.entries[at - 1] : NULL;
    if (!before || before->end != fresh->begin || before->prot != fresh->prot ||
        before->closed != fresh->closed || fresh->object || before->object == FILE_OBJECT ||
        fresh->end - before->begin > COALESCE_MAX)
        return false;
    object_look(before);
    if (before->object && (map.users[before->object] > 1 || before->needs_copy))
        return false;
    before->end = fresh->end;
    return true;
}

void libsystem_map_enter(uintptr_t begin, size_t n_bytes, int prot, bool closed, bool file)
{
    size_t piece = closed || file ? n_bytes : PIECE_BYTES, n = (n_bytes - 1) / piece + 1;
    struct entry fresh = {.begin = begin, .end = begin + n_bytes, .prot = (uint8_t)prot};
    libsystem_map_delete(begin, n_bytes);
    fresh.closed = closed;
    fresh.object = file ? FILE_OBJECT : 0;
    map.users[fresh.object] += (uint32_t)n;
    if (coalesce(find(begin), &fresh))
        return;
    struct entry *gap = gap_open(find(begin), n);
    for (size_t i = 0; i < n; i++) {
        gap[i] = fresh;
        gap[i].begin += i * piece;
        gap[i].end = i + 1 < n ? gap[i].begin + piece : fresh.end;
    }
}

// (vm_map_simplify_entry)
static void simplify(size_t at)
{
    struct entry *it = &map.entries[at], *before = it - 1;
    if (!at || at >= map.count || before->end != it->begin || before->object != it->object ||
        before->offset + (before->end - before->begin) != it->offset || before->prot != it->prot ||
        before->closed != it->closed || before->needs_copy != it->needs_copy)
        return;
    map.users[it->object]--;
    it->begin = before->begin;
    it->offset = before->offset;
    memmove(before, it, (map.count-- - at) * sizeof(*it));
}

void libsystem_map_protect(uintptr_t begin, size_t n_bytes, int prot)
{
    uintptr_t end = begin + n_bytes;
    cut(begin);
    cut(end);
    size_t from = find(begin), at = from;
    for (; at < map.count && map.entries[at].begin < end; at++)
        map.entries[at].prot = (uint8_t)prot;
    discarded_clear(begin, end);
    for (at++; at-- > from;)
        simplify(at);
}

// --- a fork, and after it ---

void libsystem_map_fork(void)
{
    for (size_t i = 0; i < map.count; i++) {
        struct entry *it = &map.entries[i];
        if (it->closed || it->object == FILE_OBJECT)
            continue;
        if (!it->object)
            object_make(it);
        map.users[it->object]++;
        it->needs_copy = true;
    }
}

// What each entry had is an object of its own again, unless it was cut.
void libsystem_map_alone(void)
{
    libsystem_map_take();
    memset(map.users, 0, OBJECTS_MAX * sizeof(*map.users));
    for (size_t i = 0; i < map.count; i++) {
        map.users[map.entries[i].object]++;
        map.entries[i].needs_copy = false;
    }
    libsystem_map_give();
}

// --- what is asked, and done on the answer ---

// (vm_map_region_top_walk; objects with a shadow are those that a fork shares)
int libsystem_map_region(uint64_t *address, uint64_t *ret_bytes, unsigned char *ret_mode)
{
    enum { INVALID_ADDRESS = 1, COW = 1, PRIVATE = 2, EMPTY = 3, SHARED = 4 };
    size_t at = find((uintptr_t)*address);
    if (at == map.count)
        return INVALID_ADDRESS;
    struct entry *it = &map.entries[at];
    object_look(it);
    *address = it->begin;
    *ret_bytes = it->end - it->begin;
    *ret_mode = !it->object                  ? EMPTY
                : it->needs_copy             ? COW
                : map.users[it->object] == 1 ? PRIVATE
                                             : SHARED;
    return 0;
}

// (vm_map_range_check)
static bool is_mapped(uintptr_t begin, uintptr_t end)
{
    for (size_t at = find(begin); begin < end; begin = map.entries[at++].end) {
        if (at == map.count || map.entries[at].begin > begin)
            return false;
    }
    return true;
}

static void discarded_set(uintptr_t begin, uintptr_t end)
{
    if (chance() & 1)
        madvise((void *)begin, end - begin, MADV_DONTNEED);
    mprotect((void *)begin, end - begin, PROT_NONE);
    discarded_clear(begin, end);
    for (uintptr_t at = begin; at < end; at += page_bytes())
        *word_of(at, true) |= bit_of(at);
    map.facts.discarded_bytes += end - begin;
}

int libsystem_map_reusable(uintptr_t begin, size_t n_bytes)
{
    uintptr_t end = begin + n_bytes;
    if (libsystem_kernel_page > page_bytes()) {
        map.facts.vain++;
        return 0;
    }
    if (!is_mapped(begin, end))
        return MAC_EINVAL;
    bool any = false; // where nothing was touched there is nothing to take
    for (size_t at = find(begin); at < map.count && map.entries[at].begin < end; at++) {
        struct entry *it = &map.entries[at];
        object_look(it);
        if (!(it->prot & PROT_WRITE))
            return MAC_EPERM;
        if (map.users[it->object] > 1 && it->object) {
            map.facts.vain++;
        } else if (it->object) {
            discarded_set(begin > it->begin ? begin : it->begin, end < it->end ? end : it->end);
            any = true;
        }
    }
    map.facts.taken += any;
    return 0;
}

static void page_reuse(uintptr_t at)
{
    char *address = (char *)at;
    if (!libsystem_map_is_discarded(at))
        return;
    discarded_clear(at, at + page_bytes());
    if (mprotect(address, page_bytes(), PROT_READ | PROT_WRITE) != 0)
        abort();
    if (chance() % 4 == 0)
        memset(address, 0xa7, page_bytes());
}

int libsystem_map_reuse(uintptr_t begin, size_t n_bytes)
{
    if (!is_mapped(begin, begin + n_bytes))
        return MAC_EINVAL;
    for (uintptr_t at = begin; at < begin + n_bytes; at += page_bytes())
        page_reuse(at);
    map.facts.reused++;
    return 0;
}

struct libsystem_map_facts libsystem_map_facts(void)
{
    libsystem_map_take();
    struct libsystem_map_facts facts = map.facts;
    facts.entries = map.count;
    libsystem_map_give();
    return facts;
}

// BUMP_TEST_MAP=N: a program whose map had more than N entries, or whose memory did not go back
// when the kernel said so, has failed.
static __attribute__((destructor)) void map_judge(void)
{
    struct libsystem_map_facts it = libsystem_map_facts();
    const char *most = getenv("BUMP_TEST_MAP");
    if (!most)
        return;
    fprintf(stderr, "map entries %zu, at most %zu; taken %zu, vain %zu, reused %zu\n", it.entries,
            it.peak_entries, it.taken, it.vain, it.reused);
    if (it.peak_entries > strtoul(most, NULL, 10) || it.vain)
        _exit(1);
}
