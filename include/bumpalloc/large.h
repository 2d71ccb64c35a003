// SPDX-License-Identifier: MIT
// Large objects in power-of-two slots, and how their memory is kept and given back.
//
// Each power of two from 64 KiB to 256 GiB has its own part of the allocator's one reservation, cut
// into slots. An object takes a whole slot of addresses and memory for the pages it touches. Freed
// slots keep their pages, first in a cache of the thread, then in a pool of dirty slots that all
// threads share; cleared ones, which hold nothing and read zero, are in another. Nothing is mapped
// or unmapped when a pool runs out. malloc's own large objects live in the same slots: all that is
// said here of pools and caches is said of theirs too.
//
// Objects are aligned to their slots up to 1 GiB. Any thread may free any object, and the call
// needs nothing but the address; where malloc is this library's, free(), realloc() and
// malloc_usable_size() take them too. All functions may be called from any thread at any time.
// After fork the child has copies of its own, but of objects in files: see BUMP_LARGE_FILE.
//
// After lgalloc, in its words: what it calls a region is a slot here, an area is a window of slots
// that are committed together.
#ifndef BUMPALLOC_LARGE_H
#define BUMPALLOC_LARGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BUMP_LARGE_MAX_BYTES ((size_t)1 << 38)

enum bump_large_flag {
    BUMP_LARGE_ZERO = 1, // reads zero; otherwise the content is not defined
    BUMP_LARGE_HUGE = 2, // asks for huge pages
    // The pages are those of a sparse file without a name, one for each power of two, so that the
    // system can page them out without swap. Space on the disk is had before the object is: a full
    // disk is -ENOMEM and not a signal. A child of fork has no access to the pages, unless
    // fork_copy is set (below); freeing such an object in the child does nothing.
    BUMP_LARGE_FILE = 4,
};

// What an object came from.
enum bump_large_kind {
    BUMP_LARGE_NONE,   // no object of this library's
    BUMP_LARGE_CLASS,  // a small size class, as malloc's small objects
    BUMP_LARGE_REGION, // a slot
    BUMP_LARGE_DIRECT, // a mapping of its own, or chunks where the reservation is too small for
                       // slots
    BUMP_LARGE_IN_FILE,
};

// n_bytes, in *ret_object: a slot, or nothing. For 0 bytes that is NULL, which bump_large_free
// takes. -EPERM while it is disabled; -ERANGE for a size that the range excludes; -EINVAL for flags
// that do not exist; -ENOMEM. With BUMP_LARGE_FILE also what making the file may come to (-ENOENT,
// -EACCES).
int bump_large_alloc(size_t n_bytes, unsigned flags, void **ret_object);
// The same with whatever has room: a size class for up to 32 KiB, a slot, at last a mapping. Fails
// only with -ENOMEM and -EINVAL. ret_kind may be NULL. BUMP_LARGE_FILE is not for this one.
int bump_large_alloc_auto(size_t n_bytes, unsigned flags, void **ret_object,
                          enum bump_large_kind *ret_kind);
// -EINVAL, and nothing happens, for what is no object of this library's, as far as that can be told
// (a free object in a slot can). NULL is none, and fine.
int bump_large_free(void *object);
// The bytes that may be used: the size rounded up to pages (in a size class, to its own); 0 if it
// is no object.
size_t bump_large_usable(const void *object);
// What the object came from.
enum bump_large_kind bump_large_kind(const void *object);
// Says that these bytes of the object will be read soon. 0 for no bytes; -ERANGE if they exceed
// the object; -EINVAL if it is none.
int bump_large_prefetch(const void *object, size_t offset_bytes, size_t n_bytes);
// Gives dirty slots of all classes back, the oldest first, until n_bytes are released or none is
// left; the calling thread's cache included. Returns the bytes.
size_t bump_large_purge(size_t n_bytes);

// --- configuration ---

// "As it comes": the library's own rule, which is the default.
#define BUMP_LARGE_AUTO SIZE_MAX

// Which fields of struct bump_large_config are meant.
enum bump_large_set {
    BUMP_LARGE_SET_ENABLED = 1,
    BUMP_LARGE_SET_RANGE = 2, // min_bytes and max_bytes
    BUMP_LARGE_SET_PATH = 4,
    BUMP_LARGE_SET_FORK_COPY = 8,
    BUMP_LARGE_SET_BACKGROUND = 16, // background_interval_ms and background_clear_bytes
    BUMP_LARGE_SET_EAGER_RETURN = 32,
    BUMP_LARGE_SET_GROWTH_DAMPENER = 64,
    BUMP_LARGE_SET_LOCAL_BUFFER = 128,
    BUMP_LARGE_SET_ALL = 255,
};

struct bump_large_config {
    unsigned set; // sum of enum bump_large_set; the other fields keep their values
    // Off: bump_large_alloc is refused. Freeing goes on, and so does malloc. Default: on.
    bool enabled;
    // A slot that the thread's cache has no room for is cleared when it is freed. Default: off, the
    // budget (BUMPALLOC_PURGE and what belongs to it) decides. Concerns bump_large_free alone.
    bool eager_return;
    // In the child of a fork objects in files are copies, made by fork itself: safe, and slow. If
    // they cannot be made (a full disk), or without this, the child has no access. Default: off.
    bool fork_copy;
    // Sizes that bump_large_alloc grants. Default: 1 to BUMP_LARGE_MAX_BYTES.
    size_t min_bytes, max_bytes;
    // The folder of files that are not made yet. NULL: in memory (the default).
    // bump_large_configure copies it, at most 4095 bytes.
    const char *path;
    // A thread that every so many milliseconds clears so many dirty bytes of each class, one slot
    // at least. 0 ms: none (the default). 0 bytes: it idles.
    uint32_t background_interval_ms;
    size_t background_clear_bytes;
    // How areas grow: each is as long as the last one and either 32 MiB or a 1/(dampener + 1)'th of
    // it more, whichever is longer. Default BUMP_LARGE_AUTO: 2 MiB, later 32. Slots of 32 MiB and
    // more are areas of their own.
    size_t growth_dampener;
    // What a thread keeps of each class, in bytes; up to 12 slots of classes up to 2 MiB. 0:
    // nothing. Default BUMP_LARGE_AUTO: 4.5 MiB for itself and 3 in sight of others, over all
    // classes.
    size_t local_buffer_bytes;
};

// Changes what `set` names, all or nothing, at any time and for all threads. -EINVAL for bits that
// do not exist, a minimum of 0 or above the maximum, or a maximum above BUMP_LARGE_MAX_BYTES;
// -ENAMETOOLONG.
int bump_large_configure(const struct bump_large_config *config);
// What is in force; set is BUMP_LARGE_SET_ALL. path is valid until it is configured again.
void bump_large_config_get(struct bump_large_config *ret_config);
// The values that Materialize runs lgalloc with: eager return, 128 MiB of each class cleared every
// second, dampener 2, local buffer 64 MiB. For programs that move gigabytes; nothing is applied.
void bump_large_config_throughput(struct bump_large_config *ret_config);

// bump_large_configure for one field.
int bump_large_enable(bool enabled);
// bump_large_configure for the two ends of the range.
int bump_large_set_range(size_t min_bytes, size_t max_bytes);

#ifdef __cplusplus
}
#endif

#endif
