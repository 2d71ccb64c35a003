// SPDX-License-Identifier: MIT
// Regions: what is done to pages that are committed already.
#include "api/region.h"

#include "base/attr.h"
#include "base/bits.h"
#include "os/os.h"
#include "os/os_map.h"

#include <errno.h>
#include <string.h>

static int check_range(const struct bump_region *region, size_t offset_bytes, size_t n_bytes)
{
    int code = bp_region_usable(region);
    if (code)
        return code;
    return bp_region_in_range(offset_bytes, n_bytes, region->committed_bytes) ? 0 : -ERANGE;
}

static int check_pages(const struct bump_region *region, size_t offset_bytes, size_t n_bytes)
{
    int code = bp_region_usable(region);
    if (code)
        return code;
    if ((offset_bytes | n_bytes) & (bp_os_page_bytes() - 1))
        return -EINVAL;
    return check_range(region, offset_bytes, n_bytes);
}

// No stale bytes, from here on: the region is about to become less than plainly writable.
static int settle(struct bump_region *region)
{
    if (region->dirty_bytes <= region->size_bytes)
        return 0;
    int code = bp_region_release(region, region->size_bytes);
    if (code)
        return code;
    if (region->dirty_bytes > region->size_bytes)
        memset(region->base + region->size_bytes, 0, region->dirty_bytes - region->size_bytes);
    region->dirty_bytes = 0;
    return 0;
}

// Where purged pages may read anything they are released and committed again. If that fails they
// have no access any more, as after a failed commit.
static int pages_clear(struct bump_region *region, char *from, size_t n_bytes)
{
    if (!bp_os_charges_commit())
        return -bp_os_purge(from, n_bytes);
    int code = -bp_os_range_release(from, n_bytes, region->flags & BUMP_REGION_LAX);
    return code ? code : -bp_os_range_protect(from, n_bytes, region->prot);
}

BP_EXPORT int bump_region_decommit(struct bump_region *region, size_t offset_bytes, size_t n_bytes)
{
    int code = check_pages(region, offset_bytes, n_bytes);
    if (code || !n_bytes)
        return code;
    if (region->flags & BP_REGION_FILE)
        return -bp_os_file_punch(region->file, offset_bytes, n_bytes);
    return pages_clear(region, region->base + offset_bytes, n_bytes);
}

BP_EXPORT int bump_region_protect(struct bump_region *region, size_t offset_bytes, size_t n_bytes,
                                  unsigned prot)
{
    int code = check_pages(region, offset_bytes, n_bytes);
    if (!code)
        code = bp_region_check(prot, 0, 0);
    if (code || !n_bytes)
        return code;
    code = settle(region);
    if (!code)
        code = check_range(region, offset_bytes, n_bytes); // settling may have released the end
    if (code)
        return code;
    region->flags |= BP_REGION_MIXED;
    return -bp_os_range_protect(region->base + offset_bytes, n_bytes, prot);
}

BP_EXPORT int bump_region_set_prot(struct bump_region *region, unsigned prot)
{
    int code = bp_region_usable(region);
    if (!code)
        code = bp_region_check(prot, 0, 0);
    if (!code && !(prot & BUMP_PROT_WRITE))
        code = settle(region);
    if (!code && region->committed_bytes)
        code = -bp_os_range_protect(region->base, region->committed_bytes, prot);
    if (code)
        return code;
    region->prot = prot;
    region->flags &= ~(unsigned)BP_REGION_MIXED;
    return 0;
}

// The whole pages that hold the bytes.
static void whole_pages(size_t *offset_bytes, size_t *n_bytes)
{
    size_t page = bp_os_page_bytes();
    size_t end = bp_align_up(*offset_bytes + *n_bytes, page);
    *offset_bytes = bp_align_down(*offset_bytes, page);
    *n_bytes = end - *offset_bytes;
}

BP_EXPORT int bump_region_prefetch(struct bump_region *region, size_t offset_bytes, size_t n_bytes)
{
    int code = check_range(region, offset_bytes, n_bytes);
    if (code || !n_bytes)
        return code;
    whole_pages(&offset_bytes, &n_bytes);
    return -bp_os_prefetch(region->base + offset_bytes, n_bytes);
}

BP_EXPORT int bump_region_populate(struct bump_region *region, size_t offset_bytes, size_t n_bytes)
{
    int code = check_range(region, offset_bytes, n_bytes);
    if (code || !n_bytes)
        return code;
    whole_pages(&offset_bytes, &n_bytes);
    if (region->flags & BP_REGION_FILE)
        code = bp_region_file_reserve(region, offset_bytes, n_bytes);
    if (code || !(region->prot & BP_OS_PROT_ALL))
        return code ? code : -EACCES;
    return -bp_os_populate(region->base + offset_bytes, n_bytes, region->prot & BUMP_PROT_WRITE);
}

BP_EXPORT int bump_region_sync(struct bump_region *region)
{
    int code = bp_region_usable(region);
    if (code || !(region->flags & BP_REGION_FILE) || !region->committed_bytes)
        return code;
    code = -bp_os_file_sync(region->file, region->base, region->committed_bytes);
    if (code || !bp_region_file_is_own(region))
        return code;
    code = bp_region_release(region, region->size_bytes);
    return code ? code : bp_region_file_cut(region, region->size_bytes);
}
