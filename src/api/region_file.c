// SPDX-License-Identifier: MIT
// Regions with a file behind them. The file is mapped over the reserved addresses as it is
// committed, after its space on the disk has been had; so a full disk is an error, not a signal.
#include "api/region.h"

#include "base/attr.h"
#include "base/bits.h"
#include "os/os.h"
#include "os/os_map.h"

#include <errno.h>

enum {
    OPEN_FLAGS = BUMP_REGION_EXACT | BUMP_REGION_TEMPORARY | BUMP_REGION_FORK_SHARE,
};

static bool is_writable(const struct bump_region *region)
{
    return region->flags & BP_REGION_FILE && region->prot & BUMP_PROT_WRITE;
}

// The file, as long as end_bytes at least, with space for what is new.
static int lengthen(struct bump_region *region, size_t end_bytes)
{
    if (end_bytes <= region->file_bytes)
        return 0;
    size_t n_bytes = end_bytes - region->file_bytes;
    int code = -bp_os_file_allocate(region->file, region->file_bytes, n_bytes);
    if (code)
        bp_os_file_cut(region->file, region->file_bytes);
    else
        region->file_bytes = end_bytes;
    return code;
}

// On failure the caller releases the addresses.
int bp_region_file_extend(struct bump_region *region, size_t end_bytes)
{
    char *from = region->base + region->committed_bytes;
    size_t n_bytes = end_bytes - region->committed_bytes, before_bytes = region->file_bytes;
    int code = is_writable(region) ? lengthen(region, end_bytes) : 0;
    if (code)
        return code;
    if (!is_writable(region) && region->file_bytes < end_bytes - bp_os_page_bytes() + 1)
        return -EACCES;
    code = -bp_os_file_map(from, n_bytes, region->file, region->committed_bytes, region->prot);
    if (!code && !(region->flags & BUMP_REGION_FORK_SHARE))
        code = -bp_os_keep_from_fork(from, n_bytes);
    if (code && region->file_bytes > before_bytes)
        bp_region_file_cut(region, before_bytes);
    return code;
}

int bp_region_file_cut(struct bump_region *region, size_t keep_bytes)
{
    if (keep_bytes >= region->file_bytes)
        return 0;
    int code = bp_os_file_cut(region->file, keep_bytes);
    if (code == EBUSY) // what is read there is zero all the same, and the end is cut at last
        code = bp_os_file_punch(region->file, keep_bytes, region->file_bytes - keep_bytes);
    if (!code)
        region->file_bytes = keep_bytes;
    return -code;
}

// The file's length is the business of the process that opened it: a child that shares the pages
// would cut what the other has committed.
bool bp_region_file_is_own(const struct bump_region *region)
{
    return region->process == bp_os_process_id();
}

// Of a file that is mapped no more.
static int shorten(intptr_t file, size_t n_bytes)
{
    size_t length = 0;
    int code = bp_os_file_size(file, &length);
    return code || length <= n_bytes ? -code : -bp_os_file_cut(file, n_bytes);
}

int bp_region_file_finish(struct bump_region *region)
{
    bool cuts = !(region->flags & BUMP_REGION_TEMPORARY) && bp_region_file_is_own(region);
    int code = cuts ? shorten(region->file, region->size_bytes) : 0;
    int closed = -bp_os_file_close(region->file);
    return code ? code : closed;
}

int bp_region_file_reserve(struct bump_region *region, size_t offset_bytes, size_t n_bytes)
{
    return is_writable(region) ? -bp_os_file_allocate(region->file, offset_bytes, n_bytes) : 0;
}

static int open_file(const char *path, unsigned prot, unsigned flags, intptr_t *ret_file)
{
    if (flags & BUMP_REGION_TEMPORARY)
        return -bp_os_file_temporary(path, ret_file);
    return -bp_os_file_open(path, prot & BUMP_PROT_WRITE, ret_file);
}

// Maps what the file holds already.
static int take_content(struct bump_region *region, size_t n_bytes)
{
    void *base = region->base;
    size_t align = bp_os_page_bytes();
    if (n_bytes > region->max_bytes)
        return -ERANGE;
    int code =
        -bp_os_file_attach(region->file, region->reserved_bytes, align, is_writable(region), &base);
    region->base = base;
    region->file_bytes = n_bytes;
    return code ? code : bump_region_commit(region, n_bytes);
}

// The addresses come first: a file that was made would have to be removed again. What the file
// holds stays, whatever happens.
static int open_region(struct bump_region *region, const char *path)
{
    size_t n_bytes = 0;
    int code = open_file(path, region->prot, region->flags, &region->file);
    if (code)
        return code;
    region->process = bp_os_process_id();
    code = -bp_os_file_size(region->file, &n_bytes);
    if (code) {
        bp_os_file_close(region->file);
        return code;
    }
    code = take_content(region, n_bytes);
    if (!code)
        return 0;
    if (region->base)
        bp_os_unmap(region->base, region->reserved_bytes);
    region->base = NULL;
    if (is_writable(region))
        shorten(region->file, n_bytes);
    bp_os_file_close(region->file);
    return code;
}

BP_EXPORT int bump_region_open(struct bump_region *region, const char *path, size_t max_bytes,
                               unsigned prot, unsigned flags)
{
    struct bump_region made = {.base = NULL};
    if (!region || !max_bytes || !(path || flags & BUMP_REGION_TEMPORARY))
        return -EINVAL;
    if (bp_region_exists(region))
        return -EBUSY;
    int code = bp_region_check(prot, flags, OPEN_FLAGS);
    if (!code)
        code = bp_region_init(&made, max_bytes, 1, prot, flags | BP_REGION_FILE);
    if (code)
        return code;
    code = open_region(&made, path);
    if (!code)
        *region = made;
    else if (made.base)
        bp_os_unmap(made.base, made.reserved_bytes);
    return code;
}
