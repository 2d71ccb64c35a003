// SPDX-License-Identifier: MIT
#include "region/class_file.h"

#include "base/bits.h"
#include "base/limits.h"
#include "core/lock.h"
#include "os/os.h"
#include "os/os_codes.h"
#include "os/os_file.h"
#include "os/os_map.h"
#include "region/class_region.h"
#include "region/class_share.h"

#include <string.h>

enum { FOLDER_BYTES = 4096 };
#define DIRTY_MIN_BYTES (64 * BP_MIB)

enum slot_state { SLOT_FRESH, SLOT_USED, SLOT_DIRTY, SLOT_CLEAN, SLOT_BUSY };

struct file_slot {
    size_t usable_bytes;
    size_t held_bytes; // have space in the file; what lies behind reads zero
    uint32_t next;     // in a list; index + 1
    uint8_t state;
};

// Slots are numbered from 1.
struct class_file {
    intptr_t file; // + 1, so that 0 is none
    intptr_t copy; // the same, between the two ends of a fork
    struct file_slot *slots;
    size_t slots_committed_bytes;
    bool mapped;            // as far as it is the process's own
    bool lost;              // others may have the addresses, in the child of a fork
    uint32_t begin;         // slots up to here stayed with the parent of a fork
    bp_atomic_u32 frontier; // ever used
    uint32_t dirty, clean;
    struct bp_file_census counts;
};

static struct {
    struct bp_lock lock; // rank FILES: guards all of it, and records of slots that are not USED
    struct class_file of[BP_REGION_COUNT];
    char folder[FOLDER_BYTES];
    bool fork_copy;
    bp_atomic_size used_bytes, dirty_bytes;
} files = {.lock = BP_LOCK_INIT(BP_RANK_FILES)};

struct bp_lock *bp_files_lock(void)
{
    return &files.lock;
}

int bp_files_set_folder(const char *folder)
{
    size_t length = folder ? strlen(folder) : 0;
    if (length >= FOLDER_BYTES)
        return ENAMETOOLONG;
    bp_lock_take(&files.lock);
    memcpy(files.folder, folder ? folder : "", length + 1);
    bp_lock_give(&files.lock);
    return 0;
}

const char *bp_files_folder(void)
{
    return files.folder[0] ? files.folder : NULL;
}

void bp_files_set_fork_copy(bool wanted)
{
    bp_lock_take(&files.lock);
    files.fork_copy = wanted;
    bp_lock_give(&files.lock);
}

bool bp_files_fork_copy(void)
{
    return files.fork_copy;
}

// --- places ---

static size_t slot_offset(unsigned region, uint32_t number)
{
    return (size_t)(number - 1) << (BP_SLOT_MIN_SHIFT + region);
}

static struct file_slot *slot_at(unsigned region, uint32_t number)
{
    return &files.of[region].slots[number - 1];
}

bool bp_files_owns(const void *pointer)
{
    return bp_share_of(pointer) < BP_REGION_COUNT;
}

// The slot that starts at the pointer, which is in a class file; 0 if none does.
static uint32_t number_of(const void *pointer, unsigned *ret_region)
{
    unsigned region = *ret_region = bp_share_of(pointer);
    size_t inside = (size_t)pointer - (size_t)bp_share_base(region);
    size_t number = (inside >> (BP_SLOT_MIN_SHIFT + region)) + 1;
    bool starts = (inside & (bp_region_slot_bytes(region) - 1)) == 0;
    return starts && number <= bp_load_u32_relaxed(&files.of[region].frontier) ? (uint32_t)number
                                                                               : 0;
}

// --- making them ---

static int map_from_begin(unsigned region, intptr_t file)
{
    size_t offset = slot_offset(region, files.of[region].begin + 1);
    size_t n_bytes = bp_share_bytes(region) - offset;
    char *from = bp_share_base(region) + offset;
    if (!n_bytes)
        return ENOMEM;
    int code = bp_os_file_map(from, n_bytes, file, offset, BP_OS_PROT_READ | BP_OS_PROT_WRITE);
    return code ? code : bp_os_keep_from_fork(from, n_bytes);
}

// With its share, if that is not there yet.
static int file_make_locked(unsigned region)
{
    struct class_file *it = &files.of[region];
    intptr_t file;
    int code = bp_os_file_temporary(bp_files_folder(), &file);
    if (code)
        return code;
    void *table = it->slots;
    code = table ? 0 : bp_share_make(region, file, sizeof(struct file_slot), &table);
    if (code) {
        bp_os_file_close(file);
        return code;
    }
    it->slots = table;
    it->file = file + 1;
    return 0;
}

// A file that was not mapped stays: where a share is attached to one, it can have no other.
static int open_locked(unsigned region)
{
    struct class_file *it = &files.of[region];
    if (it->mapped || it->lost)
        return it->lost ? ENOMEM : 0;
    int code = it->file ? 0 : file_make_locked(region);
    if (!code)
        code = map_from_begin(region, it->file - 1);
    it->mapped = !code;
    return code;
}

// --- taking ---

static bool records_commit_locked(struct class_file *it, unsigned region)
{
    size_t needed = (bp_load_u32_relaxed(&it->frontier) + 1) * sizeof(struct file_slot);
    if (needed <= it->slots_committed_bytes)
        return true;
    if (bp_load_u32_relaxed(&it->frontier) >= bp_share_slots(region) ||
        bp_os_commit((char *)it->slots + it->slots_committed_bytes, BP_CHUNK_BYTES))
        return false;
    it->slots_committed_bytes += BP_CHUNK_BYTES;
    return true;
}

static uint32_t pop_locked(unsigned region, uint32_t *list)
{
    uint32_t number = *list;
    *list = slot_at(region, number)->next;
    return number;
}

static uint32_t take_locked(unsigned region)
{
    struct class_file *it = &files.of[region];
    uint32_t number = 0;
    if (it->dirty) {
        number = pop_locked(region, &it->dirty);
        bp_sub_relaxed(&files.dirty_bytes, slot_at(region, number)->held_bytes);
    } else if (it->clean) {
        number = pop_locked(region, &it->clean);
    } else if (bp_load_u32_relaxed(&it->frontier) < bp_share_slots(region) &&
               records_commit_locked(it, region)) {
        number = bp_load_u32_relaxed(&it->frontier) + 1;
        // pairs with the census: the record is there
        bp_store_u32_release(&it->frontier, number);
    }
    if (number)
        slot_at(region, number)->state = SLOT_BUSY;
    return number;
}

static void pool_locked(unsigned region, uint32_t number)
{
    struct class_file *it = &files.of[region];
    struct file_slot *slot = slot_at(region, number);
    uint32_t *list = slot->held_bytes ? &it->dirty : &it->clean;
    slot->state = slot->held_bytes ? SLOT_DIRTY : SLOT_CLEAN;
    slot->next = *list;
    *list = number;
    bp_add_relaxed(&files.dirty_bytes, slot->held_bytes);
}

static void pool(unsigned region, uint32_t number)
{
    bp_lock_take(&files.lock);
    pool_locked(region, number);
    bp_lock_give(&files.lock);
}

static int obtain(unsigned region, uint32_t *ret_number, intptr_t *ret_file)
{
    bp_lock_take(&files.lock);
    int code = open_locked(region);
    *ret_number = code ? 0 : take_locked(region);
    *ret_file = files.of[region].file - 1;
    bp_lock_give(&files.lock);
    return code ? code : *ret_number ? 0 : ENOMEM;
}

// Space first; what was there before may not be zero. The caller's own slot.
static int fill(unsigned region, uint32_t number, intptr_t file, size_t n_bytes)
{
    struct file_slot *slot = slot_at(region, number);
    size_t usable = bp_align_up(n_bytes, bp_os_page_bytes());
    size_t offset = slot_offset(region, number) + slot->held_bytes;
    if (usable > slot->held_bytes) {
        int code = bp_os_file_allocate(file, offset, usable - slot->held_bytes);
        if (code) {
            bp_os_file_punch(file, offset,
                             usable - slot->held_bytes); // what it got before it failed
            return code == ENOSPC || code == EDQUOT ? ENOMEM : code;
        }
        slot->held_bytes = usable;
    }
    slot->usable_bytes = usable;
    return 0;
}

int bp_files_take(size_t n_bytes, bool zero, void **ret_object)
{
    unsigned region = bp_region_for(n_bytes);
    uint32_t number;
    intptr_t file;
    if (region >= BP_REGION_COUNT)
        return ENOMEM;
    int code = obtain(region, &number, &file);
    if (code)
        return code;
    struct file_slot *slot = slot_at(region, number);
    size_t dirty_bytes = slot->held_bytes;
    code = fill(region, number, file, n_bytes);
    if (code) {
        pool(region, number);
        return code;
    }
    void *object = *ret_object = bp_share_base(region) + slot_offset(region, number);
    if (zero)
        memset(object, 0, bp_min(dirty_bytes, n_bytes));
    slot->state = SLOT_USED;
    bp_add_relaxed(&files.used_bytes, slot->usable_bytes);
    bp_lock_take(&files.lock);
    files.of[region].counts.allocs++;
    bp_lock_give(&files.lock);
    return 0;
}

// --- giving ---

// Out of the file; where that cannot be done, at least out of memory. The caller's own slot.
static size_t punch(unsigned region, uint32_t number)
{
    struct file_slot *slot = slot_at(region, number);
    size_t offset = slot_offset(region, number), held = slot->held_bytes;
    if (!held)
        return 0;
    if (bp_os_file_punch(files.of[region].file - 1, offset, held)) {
        bp_os_purge(bp_share_base(region) + offset, held);
        return 0;
    }
    slot->held_bytes = 0;
    return held;
}

static bool over_budget(size_t n_bytes)
{
    size_t most = bp_max(DIRTY_MIN_BYTES, bp_load_relaxed(&files.used_bytes) / 4);
    return bp_load_relaxed(&files.dirty_bytes) + n_bytes > most;
}

bool bp_files_give(void *pointer, bool eagerly)
{
    unsigned region;
    uint32_t number = number_of(pointer, &region);
    struct class_file *it = &files.of[region];
    if (number && number <= it->begin)
        return true;
    struct file_slot *slot = number ? slot_at(region, number) : NULL;
    if (!slot || slot->state != SLOT_USED)
        return false;
    slot->state = SLOT_BUSY;
    bp_sub_relaxed(&files.used_bytes, slot->usable_bytes);
    bool wanted = eagerly || over_budget(slot->held_bytes);
    bool failed = wanted && !punch(region, number);
    bp_lock_take(&files.lock);
    it->counts.frees++;
    it->counts.clear_failures += failed;
    it->counts.cleared_on_free += wanted && !failed;
    pool_locked(region, number);
    bp_lock_give(&files.lock);
    return true;
}

size_t bp_files_usable(const void *pointer)
{
    unsigned region;
    uint32_t number = bp_files_owns(pointer) ? number_of(pointer, &region) : 0;
    if (!number || number <= files.of[region].begin || slot_at(region, number)->state != SLOT_USED)
        return 0;
    return slot_at(region, number)->usable_bytes;
}

static uint32_t dirty_take(unsigned region)
{
    struct class_file *it = &files.of[region];
    bp_lock_take(&files.lock);
    uint32_t number = it->dirty ? take_locked(region) : 0;
    bp_lock_give(&files.lock);
    return number;
}

size_t bp_files_purge(unsigned region, size_t wanted_bytes)
{
    struct class_file *it = &files.of[region];
    size_t released = 0;
    uint32_t number;
    while (released < wanted_bytes && (number = dirty_take(region))) {
        size_t punched = punch(region, number);
        bp_lock_take(&files.lock);
        it->counts.cleared_later += punched != 0;
        it->counts.clear_failures += punched == 0;
        pool_locked(region, number);
        bp_lock_give(&files.lock);
        if (!punched)
            break;
        released += punched;
    }
    return released;
}

// Without the lock: it blocks nobody.
int bp_files_census(unsigned region, struct bp_file_census *ret_census)
{
    struct class_file *it = &files.of[region];
    // pairs with the release in take_locked: the records are there
    uint32_t frontier = bp_load_u32_acquire(&it->frontier);
    *ret_census = it->counts;
    for (uint32_t number = it->begin + 1; number <= frontier; number++) {
        const struct file_slot *slot = slot_at(region, number);
        ret_census->used_slots += slot->state == SLOT_USED;
        ret_census->used_bytes += slot->state == SLOT_USED ? slot->usable_bytes : 0;
        ret_census->dirty_slots += slot->state == SLOT_DIRTY || slot->state == SLOT_BUSY;
        ret_census->clean_slots += slot->state == SLOT_CLEAN;
    }
    intptr_t file = it->file;
    if (!file)
        return 0;
    int code = bp_os_file_size(file - 1, &ret_census->file_bytes);
    return code ? code : bp_os_file_allocated(file - 1, &ret_census->allocated_bytes);
}

// --- fork ---

static int used_copy_locked(unsigned region, intptr_t copy)
{
    struct class_file *it = &files.of[region];
    int code = 0;
    for (uint32_t number = it->begin + 1; !code && number <= bp_load_u32_relaxed(&it->frontier);
         number++) {
        const struct file_slot *slot = slot_at(region, number);
        if (slot->state == SLOT_USED)
            code = bp_os_file_copy(it->file - 1, copy, slot_offset(region, number),
                                   slot->usable_bytes);
    }
    return code;
}

void bp_files_before_fork(void)
{
    for (unsigned region = 0; files.fork_copy && region < BP_REGION_COUNT; region++) {
        intptr_t copy;
        if (!files.of[region].file || bp_os_file_temporary(bp_files_folder(), &copy))
            continue;
        if (used_copy_locked(region, copy))
            bp_os_file_close(copy);
        else
            files.of[region].copy = copy + 1;
    }
}

// The copy holds used slots alone.
static void slots_adopt(unsigned region)
{
    struct class_file *it = &files.of[region];
    it->dirty = it->clean = 0;
    for (uint32_t number = bp_load_u32_relaxed(&it->frontier); number > it->begin; number--) {
        struct file_slot *slot = slot_at(region, number);
        bool used = slot->state == SLOT_USED;
        slot->held_bytes = used ? slot->usable_bytes : 0;
        if (!used)
            pool_locked(region, number);
    }
}

static void child_class(unsigned region)
{
    struct class_file *it = &files.of[region];
    intptr_t copy = it->copy;
    bp_os_file_close(it->file - 1);
    it->file = copy;
    it->copy = 0;
    // The child has no mapping there: the addresses must stay ours.
    it->lost = bp_os_decommit(bp_share_base(region), bp_share_bytes(region)) != 0;
    it->mapped = copy && !it->lost && !map_from_begin(region, copy - 1);
    if (it->mapped) {
        slots_adopt(region);
        return;
    }
    if (copy)
        bp_os_file_close(copy - 1);
    for (uint32_t number = it->begin + 1; number <= bp_load_u32_relaxed(&it->frontier); number++) {
        const struct file_slot *slot = slot_at(region, number);
        bp_sub_relaxed(&files.used_bytes, slot->state == SLOT_USED ? slot->usable_bytes : 0);
    }
    it->file = 0;
    it->begin = bp_load_u32_relaxed(&it->frontier);
    it->dirty = it->clean = 0;
}

void bp_files_after_fork(bool child)
{
    if (child)
        bp_store_relaxed(&files.dirty_bytes, 0);
    for (unsigned region = 0; region < BP_REGION_COUNT; region++) {
        struct class_file *it = &files.of[region];
        if (child && it->file)
            child_class(region);
        if (!child && it->copy) {
            bp_os_file_close(it->copy - 1);
            it->copy = 0;
        }
    }
}
