// SPDX-License-Identifier: MIT
#include "bumpalloc/stable.h"

#include "api/report.h"
#include "base/attr.h"
#include "thread/boot.h"
#include "thread/request.h"

#include <errno.h>

BP_EXPORT void *bump_stable_alloc(size_t n_bytes, size_t max_bytes)
{
    bp_boot_thread(bp_report_boot);
    if (!max_bytes)
        max_bytes = BUMP_STABLE_DEFAULT_MAX_BYTES;
    return bp_request_alloc_stable(n_bytes ? n_bytes : 1, max_bytes);
}

BP_EXPORT size_t bump_stable_max(const void *object)
{
    return bp_large_stable_max(object);
}

BP_EXPORT size_t bump_stable_usable(const void *object)
{
    enum bp_verdict verdict;
    return bp_large_stable_max(object) ? bp_large_usable(object, &verdict) : 0;
}

BP_EXPORT int bump_stable_resize(void *object, size_t n_bytes)
{
    size_t max_bytes = bp_large_stable_max(object);
    if (!max_bytes)
        return -EINVAL;
    if (n_bytes > max_bytes)
        return -ERANGE;
    bp_boot_thread(bp_report_boot);
    return bp_request_resize_stable(object, n_bytes ? n_bytes : 1) ? 0 : -ENOMEM;
}

BP_EXPORT int bump_stable_free(void *object)
{
    if (!object)
        return 0;
    if (!bp_large_stable_max(object))
        return -EINVAL;
    bp_boot_thread(bp_report_boot);
    bp_request_free(object);
    return 0;
}
