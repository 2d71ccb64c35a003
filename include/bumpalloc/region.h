// SPDX-License-Identifier: MIT
// A range of addresses that grows in place: its base never moves.
//
// A region reserves addresses for its maximum at once and takes memory for them as its size grows:
// a maximum of a terabyte costs nothing. Bytes in [base, base + size) may be used as the protection
// says; bytes that come into the region by growing read zero, those that come back after shrinking
// too. Pages behind the size may be accessible already (see bump_region_set_growth); nothing is
// promised of them.
//
// Memory is committed as it is accounted for everything else: when the system refuses, growing
// fails with -ENOMEM and the region stays as it was. With overcommit (the default of Linux) it may
// grant what it does not have and end a process later; BUMP_REGION_STRICT takes the pages at once
// instead, BUMP_REGION_LAX asks for no accounting at all.
//
// A struct bump_region lives wherever its user puts it, starts as all zeros ({0}), and may be moved
// while no stream or allocator refers to it. Its fields are private. A region is used by one thread
// at a time; its memory by any. After fork the child has a copy of its own, as of all memory; see
// bump_region_open for files.
//
// After ExpandableAllocator (reserve, commit, protect) and v_alloc (resize).
#ifndef BUMPALLOC_REGION_H
#define BUMPALLOC_REGION_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What may be done with memory; sums of these. BUMP_PROT_WRITE alone may imply reading.
enum bump_prot {
    BUMP_PROT_NONE = 0,
    BUMP_PROT_READ = 1,
    BUMP_PROT_WRITE = 2,
    BUMP_PROT_READ_WRITE = 3,
    BUMP_PROT_EXEC = 4,
    BUMP_PROT_READ_EXEC = 5,
    BUMP_PROT_READ_WRITE_EXEC = 7,
};

enum bump_region_flag {
    BUMP_REGION_EXACT = 1,       // commit what is asked for, to the page, and nothing ahead
    BUMP_REGION_LAX = 2,         // committing is not accounted, where a system can do without
    BUMP_REGION_STRICT = 4,      // committed pages have memory behind them at once
    BUMP_REGION_HUGE = 8,        // ask for huge pages; the base is aligned to 2 MiB
    BUMP_REGION_JIT = 16,        // to be written and executed (asked for by Apple's systems alone)
    BUMP_REGION_TEMPORARY = 32,  // bump_region_open: a file without a name, gone with the region
    BUMP_REGION_FORK_SHARE = 64, // bump_region_open: a child of fork shares the pages
};

// Private.
struct bump_region {
    char *base;
    size_t max_bytes;
    size_t reserved_bytes;
    size_t size_bytes;
    size_t committed_bytes;
    size_t dirty_bytes;
    size_t ahead_max_bytes;
    uint32_t ahead_numerator;
    uint32_t ahead_denominator;
    unsigned prot;
    unsigned flags;
    intptr_t file;
    size_t file_bytes;
    uint64_t process;
};

// Reserves addresses for max_bytes (> 0) and commits nothing: the size is 0. prot is what pages get
// when they are committed, flags a sum of enum bump_region_flag. -EBUSY if the region exists
// already; -EINVAL; -ENOMEM.
int bump_region_create(struct bump_region *region, size_t max_bytes, unsigned prot, unsigned flags);
// As bump_region_create, the base a multiple of align, a power of two (of any size).
int bump_region_create_aligned(struct bump_region *region, size_t max_bytes, size_t align,
                               unsigned prot, unsigned flags);
// A region of which the memory is a file: larger than memory if need be, without swap. What the
// file holds is the region's content and its length the size; the file is created (for its owner
// alone) if prot allows writing, and must exist otherwise. A file longer than max_bytes is -ERANGE.
//
// With BUMP_REGION_TEMPORARY path names a folder, in which a file without a name is made; with path
// NULL it is one in memory. Growing takes the space on the disk at once: a full disk is -ENOSPC,
// and not a signal later. The file is longer than the size, by what was committed ahead, until
// bump_region_sync or bump_region_destroy cut it.
//
// A child of fork has no access to the pages and every call but bump_region_destroy is -ESTALE
// there, unless BUMP_REGION_FORK_SHARE was given: then both see the same bytes, neither may resize
// the region while the other uses it, and the length of the file stays the parent's business.
int bump_region_open(struct bump_region *region, const char *path, size_t max_bytes, unsigned prot,
                     unsigned flags);
// Gives the addresses and all memory back and zeroes the struct; nothing happens to a zeroed one. A
// file is cut to the size and closed. The first code that came up; the region is gone all the same.
int bump_region_destroy(struct bump_region *region);

// Grows the size to n_bytes; a size that is as large already stays. -ERANGE beyond the maximum,
// -ENOMEM, -ENOSPC; -EACCES for a file that was opened for reading.
int bump_region_commit(struct bump_region *region, size_t n_bytes);
// Grows or shrinks. What a shrunken region does not need goes back to the system once it is more
// than half of the size and 64 KiB, so a size that goes up and down costs no system calls. Errors
// are those of bump_region_commit; shrinking fails only where parts are protected otherwise.
int bump_region_resize(struct bump_region *region, size_t n_bytes);
// Gives the memory of these pages back. They stay accessible and read zero; of a file the space on
// the disk is given back too. offset_bytes and n_bytes are multiples of the page size (-EINVAL),
// the range lies in the committed pages (-ERANGE).
int bump_region_decommit(struct bump_region *region, size_t offset_bytes, size_t n_bytes);

// Changes the protection of these pages alone, until the region shrinks below their end or
// bump_region_set_prot is called. Arguments and errors as for bump_region_decommit.
int bump_region_protect(struct bump_region *region, size_t offset_bytes, size_t n_bytes,
                        unsigned prot);
// Changes the protection of the whole region, and of pages committed later. Content is kept.
int bump_region_set_prot(struct bump_region *region, unsigned prot);

// Says that these bytes will be read soon; anything in the committed range (-ERANGE).
int bump_region_prefetch(struct bump_region *region, size_t offset_bytes, size_t n_bytes);
// Puts memory (of a file: space on the disk) behind these bytes now, so that touching them cannot
// fail. -ERANGE, -ENOMEM, -ENOSPC.
int bump_region_populate(struct bump_region *region, size_t offset_bytes, size_t n_bytes);
// Writes a file-backed region to the disk, cut to its size, and waits for it. 0 without a file.
int bump_region_sync(struct bump_region *region);

// How much is committed ahead when the region grows: numerator / denominator of what is committed,
// in multiples of 64 KiB, at most max_bytes. The default is 1/8, at most 32 MiB; 0/1 commits to the
// next 64 KiB. A denominator of 0 is -EINVAL, so is anything for a region with BUMP_REGION_EXACT.
int bump_region_set_growth(struct bump_region *region, uint32_t numerator, uint32_t denominator,
                           size_t max_bytes);

// The protection in effect: what the system makes of what was asked for.
unsigned bump_region_prot(const struct bump_region *region);

// Where the region starts: a multiple of the page size; NULL if it does not exist.
static inline void *bump_region_base(const struct bump_region *region)
{
    return region->base;
}

// Its logical size in bytes, as last asked for.
static inline size_t bump_region_size(const struct bump_region *region)
{
    return region->size_bytes;
}

// What its size may reach, exactly as given to bump_region_create.
static inline size_t bump_region_max(const struct bump_region *region)
{
    return region->max_bytes;
}

// The addresses that it takes: the maximum, rounded up to whole pages.
static inline size_t bump_region_reserved(const struct bump_region *region)
{
    return region->reserved_bytes;
}

// The bytes from its base on that are committed: whole pages, at least the size.
static inline size_t bump_region_committed(const struct bump_region *region)
{
    return region->committed_bytes;
}

#ifdef __cplusplus
}
#endif

#endif
