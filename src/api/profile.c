// SPDX-License-Identifier: MIT
#include "profile/profile.h"

#include "api/profile.h"
#include "base/attr.h"
#include "base/bits.h"
#include "bumpalloc/bumpalloc.h"
#include "core/options.h"
#include "thread/counted.h"
#include "thread/outside.h"
#include "thread/recall.h"
#include "thread/registry.h"

#include <string.h>

// Every thread passes a slow path with its next call, and sees there what has changed.
static void tell_threads(void)
{
    struct bp_heap *own = bp_registry_enter();
    if (own)
        bp_counted_update(own);
    bp_registry_leave(own);
    bp_recall_begin();
}

BP_EXPORT int bump_profile_start(size_t mean_bytes)
{
    int code = bp_profile_start(mean_bytes ? mean_bytes : BP_PROFILE_MEAN_DEFAULT);
    if (!code)
        tell_threads();
    return code;
}

BP_EXPORT void bump_profile_stop(void)
{
    bp_profile_stop();
    tell_threads();
}

BP_EXPORT int bump_profile_write(const char *path)
{
    return bp_profile_write(path);
}

// A request from outside that makes no sense is ignored: there is nobody to tell.
static void obey(const char *argument)
{
    static const char write[] = "write ", start[] = "start";
    if (strncmp(argument, write, sizeof(write) - 1) == 0) {
        bump_profile_write(argument + sizeof(write) - 1);
    } else if (strcmp(argument, "stop") == 0) {
        bump_profile_stop();
    } else if (strncmp(argument, start, sizeof(start) - 1) == 0) {
        size_t mean = 0;
        for (const char *at = argument + sizeof(start) - 1; *at; at++)
            mean = *at >= '0' && *at <= '9' ? mean * 10 + (size_t)(*at - '0') : mean;
        bump_profile_start(mean);
    }
}

void bp_profile_begin(void)
{
    bp_outside_on_profile = obey;
    bool file = strcmp(bp_options.profile, "none") != 0;
    if (!file && !bp_options.leaks)
        return;
    if (bp_profile_start(bp_max(bp_options.profile_mean_bytes, 1)))
        return;
    if (file)
        bp_profile_set_file(bp_options.profile, bp_options.profile_peak);
}

void bp_profile_at_exit(void)
{
    bp_profile_finish();
    if (bp_options.leaks)
        bp_leaks_report();
}
