// SPDX-License-Identifier: MIT
#include "profile/profile.h"

#include "core/report.h"
#include "os/os.h"
#include "os/os_map.h"
#include "profile/poisson.h"
#include "profile/pprof.h"

#include <errno.h>
#include <string.h>

enum { PEAK_STEP_BYTES = 1 << 20 };

bp_atomic_size bp_profile_mean_bytes;
static bp_atomic_size last_mean_bytes;
bp_atomic_u32 bp_profile_used;

static struct {
    const char *path; // NULL: none
    uint64_t process_id;
    bool at_peaks;
    bp_atomic_size next_peak_bytes; // the file is written again when this much is live
    bp_atomic_u32 writing;
} file;

int bp_profile_start(size_t mean_bytes)
{
    if (!bp_samples_init())
        return ENOMEM;
    bp_store_u32_relaxed(&bp_profile_used, 1);
    bp_store_relaxed(&last_mean_bytes, mean_bytes);
    bp_store_relaxed(&bp_profile_mean_bytes, mean_bytes);
    return 0;
}

void bp_profile_stop(void)
{
    bp_store_relaxed(&bp_profile_mean_bytes, 0);
}

// Once for every eighth that the peak has grown, so that a steady climb costs a few files.
static void peak_reached(void)
{
    struct bp_sample_counts counts;
    bp_samples_count(&counts);
    size_t peak = counts.peak.n_bytes;
    if (peak < bp_load_relaxed(&file.next_peak_bytes) || file.process_id != bp_os_process_id())
        return;
    bp_store_relaxed(&file.next_peak_bytes, peak + peak / 8 + PEAK_STEP_BYTES);
    bp_profile_write(file.path);
}

bool bp_profile_take(const void *object, size_t n_bytes, size_t n_counted)
{
    uintptr_t addresses[BP_STACK_MAX];
    size_t mean = bp_profile_mean();
    bool peak;
    if (!mean)
        return false;
    uint64_t weight = bp_poisson_weight(mean, n_counted);
    double objects = (double)weight / ((uint64_t)1 << BP_WEIGHT_SHIFT);
    struct bp_sums sums = {weight, (uint64_t)(objects * (double)n_bytes + 0.5)};
    uint32_t depth = bp_unwind_capture(addresses);
    bool taken = bp_samples_add(object, sums, addresses, depth, &peak);
    if (taken && peak && file.path && file.at_peaks)
        peak_reached();
    return taken;
}

bool bp_profile_forget(const void *object, struct bp_sample *ret_sample)
{
    return bp_load_u32_relaxed(&bp_profile_used) && bp_samples_remove(object, ret_sample);
}

// --- file ---

// Copies the path with the process's number in it; false if it is too long.
static bool path_fill(const char *path, char place[BP_PROFILE_PATH_MAX])
{
    struct bp_line number = {.length = 0};
    size_t length = 0;
    bp_line_decimal(&number, (size_t)bp_os_process_id());
    for (; *path && length + number.length < BP_PROFILE_PATH_MAX - 1; path++) {
        if (path[0] == '%' && path[1] == 'p') {
            memcpy(place + length, number.text, number.length);
            length += number.length;
            path++;
        } else {
            place[length++] = *path;
        }
    }
    place[length] = 0;
    return !*path;
}

static int write_file(const char *path)
{
    struct bp_buffer message = {.data = NULL}, whole = {.data = NULL};
    int code = ENOMEM;
    if (bp_pprof_encode(&message, bp_load_relaxed(&last_mean_bytes))) {
        bp_buffer_gzip(&message, &whole);
        code = whole.failed ? ENOMEM : bp_os_path_write(path, whole.data, whole.n_bytes);
    }
    bp_buffer_drop(&message);
    bp_buffer_drop(&whole);
    return code;
}

int bp_profile_write(const char *path)
{
    char place[BP_PROFILE_PATH_MAX];
    if (!bp_load_u32_relaxed(&bp_profile_used))
        return EINVAL;
    if (!path_fill(path, place))
        return ENAMETOOLONG;
    // pairs with the exchange below: one file at a time, whole
    if (!bp_cas_u32_acquire(&file.writing, 0, 1))
        return EBUSY;
    int code = write_file(place);
    // pairs with the one above
    bp_exchange_u32_release(&file.writing, 0);
    return code;
}

void bp_profile_set_file(const char *path, bool at_peaks)
{
    file.process_id = bp_os_process_id();
    file.at_peaks = at_peaks;
    bp_store_relaxed(&file.next_peak_bytes, PEAK_STEP_BYTES);
    file.path = path;
}

void bp_profile_after_fork(void)
{
    bp_store_u32_relaxed(&file.writing, 0);
}

static void complain(int code)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: cannot write the profile ");
    bp_line_text(&line, file.path);
    bp_line_text(&line, ": error ");
    bp_line_decimal(&line, (size_t)code);
    bp_line_send(&line);
}

void bp_profile_finish(void)
{
    if (!file.path || (file.process_id != bp_os_process_id() && !strstr(file.path, "%p")))
        return;
    int code = bp_profile_write(file.path);
    if (code)
        complain(code);
}
