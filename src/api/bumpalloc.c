// SPDX-License-Identifier: MIT
#include "bumpalloc/bumpalloc.h"

#include "base/attr.h"
#include "guard/guard.h"
#include "region/class_file.h"
#include "region/direct.h"
#include "region/overflow.h"
#include "reserve/reserve.h"
#include "thread/beyond.h"
#include "thread/request.h"

BP_EXPORT const char *bump_version(void)
{
    return BUMP_VERSION;
}

BP_EXPORT bool bump_owns(const void *pointer)
{
    return bp_reserve_owns(pointer) || bp_overflow_class_of(pointer) ||
           bp_direct_usable(pointer) != 0 || bp_files_owns(pointer) || bp_guard_owns(pointer) ||
           bp_beyond_owns(pointer);
}

BP_EXPORT size_t bump_purge(void)
{
    return bp_request_trim();
}
