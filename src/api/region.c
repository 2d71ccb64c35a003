// SPDX-License-Identifier: MIT
// Regions: creation, growing and shrinking. What is done to pages inside is in region_pages.c.
#include "api/region.h"

#include "base/attr.h"
#include "base/bits.h"
#include "base/check.h"
#include "base/limits.h"
#include "os/os.h"
#include "os/os_codes.h"
#include "os/os_map.h"

#include <string.h>

enum {
    CREATE_FLAGS = BUMP_REGION_EXACT | BUMP_REGION_LAX | BUMP_REGION_STRICT | BUMP_REGION_HUGE |
                   BUMP_REGION_JIT,
};

#define HUGE_BYTES        (2 * BP_MIB)
#define AHEAD_MAX_DEFAULT (32 * BP_MIB)

_Static_assert((int)BUMP_PROT_READ == (int)BP_OS_PROT_READ &&
                   (int)BUMP_PROT_WRITE == (int)BP_OS_PROT_WRITE &&
                   (int)BUMP_PROT_EXEC == (int)BP_OS_PROT_EXEC,
               "protections are passed through");

static bool has_file(const struct bump_region *region)
{
    return region->flags & BP_REGION_FILE;
}

static bool is_lax(const struct bump_region *region)
{
    return region->flags & BUMP_REGION_LAX;
}

static bool is_plainly_writable(const struct bump_region *region)
{
    return (region->prot & BUMP_PROT_WRITE) && !(region->flags & BP_REGION_MIXED);
}

int bp_region_usable(const struct bump_region *region)
{
    if (!region || !region->base)
        return -EINVAL;
    bool ours = !has_file(region) || (region->flags & BUMP_REGION_FORK_SHARE) ||
                region->process == bp_os_process_id();
    return ours ? 0 : -ESTALE;
}

int bp_region_check(unsigned prot, unsigned flags, unsigned known_flags)
{
    bool both = (flags & BUMP_REGION_LAX) && (flags & BUMP_REGION_STRICT);
    return prot & ~(unsigned)BP_OS_PROT_ALL || flags & ~known_flags || both ? -EINVAL : 0;
}

int bp_region_init(struct bump_region *region, size_t max_bytes, size_t align, unsigned prot,
                   unsigned flags)
{
    void *base = NULL;
    if (max_bytes > BP_ADDRESS_MAX || align > BP_ADDRESS_MAX)
        return -ENOMEM;
    size_t reserved = bp_align_up(max_bytes, bp_os_page_bytes());
    align = bp_max(align, flags & BUMP_REGION_HUGE ? HUGE_BYTES : bp_os_page_bytes());
    int code = bp_os_range_reserve(reserved, align, flags & BUMP_REGION_LAX, &base);
    if (code)
        return -code;
    if (flags & BUMP_REGION_HUGE)
        bp_os_huge(base, reserved, true);
    *region = (struct bump_region){
        .base = base,
        .max_bytes = max_bytes,
        .reserved_bytes = reserved,
        .ahead_max_bytes = AHEAD_MAX_DEFAULT,
        .ahead_numerator = 1,
        .ahead_denominator = 8,
        .prot = prot,
        .flags = flags,
    };
    return 0;
}

BP_EXPORT int bump_region_create_aligned(struct bump_region *region, size_t max_bytes, size_t align,
                                         unsigned prot, unsigned flags)
{
    if (!region || !max_bytes || !bp_is_power_of_two(align))
        return -EINVAL;
    if (bp_region_exists(region))
        return -EBUSY;
    int code = bp_region_check(prot, flags, CREATE_FLAGS);
    return code ? code : bp_region_init(region, max_bytes, align, prot, flags);
}

BP_EXPORT int bump_region_create(struct bump_region *region, size_t max_bytes, unsigned prot,
                                 unsigned flags)
{
    return bump_region_create_aligned(region, max_bytes, 1, prot, flags);
}

// In the child of a fork the pages of a file-backed region are not there, and somebody else's may
// be: only the file is closed.
BP_EXPORT int bump_region_destroy(struct bump_region *region)
{
    int code = 0;
    if (!region || !bp_region_exists(region))
        return 0;
    bool ours = bp_region_usable(region) == 0;
    if (ours)
        code = -bp_os_unmap(region->base, region->reserved_bytes);
    if (has_file(region)) {
        int ended = ours ? bp_region_file_finish(region) : -bp_os_file_close(region->file);
        code = code ? code : ended;
    }
    *region = (struct bump_region){.base = NULL};
    return code;
}

// Where a commit that must reach need_bytes had better end.
static size_t wished_end(const struct bump_region *region, size_t need_bytes)
{
    if (region->flags & BUMP_REGION_EXACT)
        return need_bytes;
    size_t ahead = region->committed_bytes / region->ahead_denominator;
    if (__builtin_mul_overflow(ahead, (size_t)region->ahead_numerator, &ahead))
        ahead = SIZE_MAX;
    ahead = bp_min(bp_min(ahead, region->ahead_max_bytes), region->reserved_bytes);
    size_t end = bp_max(need_bytes, region->committed_bytes + ahead);
    return bp_min(bp_align_up(end, BP_REGION_STEP_BYTES), region->reserved_bytes);
}

static int commit_fresh(const struct bump_region *region, char *from, size_t n_bytes)
{
    int code = bp_os_range_protect(from, n_bytes, region->prot);
    if (!code && (region->flags & BUMP_REGION_STRICT) && (region->prot & BP_OS_PROT_ALL))
        code = bp_os_populate(from, n_bytes, region->prot & BUMP_PROT_WRITE);
    return -code;
}

static int extend(struct bump_region *region, size_t end_bytes)
{
    char *from = region->base + region->committed_bytes;
    size_t n_bytes = end_bytes - region->committed_bytes;
    int code = has_file(region) ? bp_region_file_extend(region, end_bytes)
                                : commit_fresh(region, from, n_bytes);
    if (!code)
        region->committed_bytes = end_bytes;
    else if (!(region->flags & BP_REGION_KEEP_PARTS))
        bp_os_range_release(from, n_bytes, is_lax(region)); // some of it may have been done
    return code;
}

int bp_region_reach(struct bump_region *region, size_t n_bytes)
{
    size_t need = bp_align_up(n_bytes, bp_os_page_bytes());
    bp_assert(need <= region->reserved_bytes);
    if (need <= region->committed_bytes)
        return 0;
    size_t wished = wished_end(region, need);
    int code = extend(region, wished);
    return code && wished > need ? extend(region, need) : code;
}

// Behind a file that was cut there is nothing to be had: whether the mapping goes does not matter.
static int release_pages(struct bump_region *region, size_t keep_bytes)
{
    size_t n_bytes = region->committed_bytes - keep_bytes;
    int cut = has_file(region) ? bp_region_file_cut(region, keep_bytes) : 0;
    if (cut)
        return cut;
    int code = bp_os_range_release(region->base + keep_bytes, n_bytes, is_lax(region));
    return has_file(region) ? 0 : -code;
}

int bp_region_release(struct bump_region *region, size_t keep_bytes)
{
    size_t keep = bp_align_up(keep_bytes, bp_os_page_bytes());
    if (keep >= region->committed_bytes)
        return 0;
    int code = release_pages(region, keep);
    if (code)
        return code;
    if (region->flags & BUMP_REGION_HUGE)
        bp_os_huge(region->base + keep, region->committed_bytes - keep, true);
    region->committed_bytes = keep;
    region->dirty_bytes = bp_min(region->dirty_bytes, keep);
    return 0;
}

static int grow(struct bump_region *region, size_t n_bytes)
{
    if (n_bytes > region->max_bytes)
        return -ERANGE;
    int code = bp_region_reach(region, n_bytes);
    if (code)
        return code;
    size_t stale_end = bp_min(n_bytes, region->dirty_bytes);
    if (stale_end > region->size_bytes)
        memset(region->base + region->size_bytes, 0, stale_end - region->size_bytes);
    region->size_bytes = n_bytes;
    return 0;
}

BP_EXPORT int bump_region_commit(struct bump_region *region, size_t n_bytes)
{
    int code = bp_region_usable(region);
    return code || n_bytes <= region->size_bytes ? code : grow(region, n_bytes);
}

// Nothing stale may stay behind the end, and the page that holds it may not be writable: it is made
// so first, because nothing that comes after can fail.
static int shrink_protected(struct bump_region *region, size_t n_bytes)
{
    size_t page = bp_os_page_bytes(), start = bp_align_down(n_bytes, page);
    char *last = region->base + start;
    int code = start < n_bytes ? -bp_os_range_protect(last, page, BUMP_PROT_READ_WRITE) : 0;
    if (code)
        return code;
    code = bp_region_release(region, n_bytes);
    if (!code) {
        memset(region->base + n_bytes, 0, start < n_bytes ? start + page - n_bytes : 0);
        region->size_bytes = n_bytes;
    }
    if (start < n_bytes)
        bp_os_range_protect(last, page, region->prot);
    return code;
}

BP_EXPORT int bump_region_resize(struct bump_region *region, size_t n_bytes)
{
    int code = bp_region_usable(region);
    if (code)
        return code;
    if (n_bytes >= region->size_bytes)
        return grow(region, n_bytes);
    if (!is_plainly_writable(region))
        return shrink_protected(region, n_bytes);
    region->dirty_bytes = bp_max(region->dirty_bytes, region->size_bytes);
    region->size_bytes = n_bytes;
    size_t kept = bp_align_up(n_bytes, bp_os_page_bytes());
    if (region->committed_bytes - kept > bp_max(BP_REGION_STEP_BYTES, n_bytes / 2))
        bp_region_release(region, n_bytes); // refused: it is kept, and known to be dirty
    return 0;
}

BP_EXPORT int bump_region_set_growth(struct bump_region *region, uint32_t numerator,
                                     uint32_t denominator, size_t max_bytes)
{
    int code = bp_region_usable(region);
    if (code || !denominator || region->flags & BUMP_REGION_EXACT)
        return code ? code : -EINVAL;
    region->ahead_numerator = numerator;
    region->ahead_denominator = denominator;
    region->ahead_max_bytes = max_bytes;
    return 0;
}

BP_EXPORT unsigned bump_region_prot(const struct bump_region *region)
{
    return bp_os_effective_prot(region->prot);
}
