// SPDX-License-Identifier: MIT
#include "api/report.h"

#include "api/format.h"
#include "api/profile.h"
#include "bumpalloc/bumpalloc.h"
#include "core/report.h"
#include "os/os.h"
#include "os/os_map.h"
#include "reserve/limit.h"
#include "reserve/reserve.h"

#include <stdint.h>
#include <string.h>

enum { PATH_BYTES = BP_OPTION_TEXT_MAX + 32 };

// --- statistics at exit ---

static bool is_descriptor(const char *text, int *ret_descriptor)
{
    int number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && number < 1000000; at++)
        number = number * 10 + (*at - '0');
    *ret_descriptor = number;
    return at != text && !*at;
}

// The name with every %p as the process's number; other percent signs stand for themselves.
static void expand(char ret_path[PATH_BYTES], const char *name)
{
    struct bp_line number = {.length = 0};
    size_t length = 0;
    bp_line_decimal(&number, (size_t)bp_os_process_id());
    while (*name && length + number.length < PATH_BYTES - 1) {
        bool here = name[0] == '%' && name[1] == 'p';
        if (here)
            memcpy(ret_path + length, number.text, number.length);
        else
            ret_path[length] = *name;
        length += here ? number.length : 1;
        name += here ? 2 : 1;
    }
    ret_path[length] = 0;
}

static void complain(const char *target)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: BUMPALLOC_STATS_TO=");
    bp_line_text(&line, target);
    bp_line_text(&line, ": cannot be written");
    bp_line_send(&line);
}

// A second descriptor of the file that was named, and what that is: the program may close both,
// and open others under their numbers.
static struct {
    int descriptor;
    uint64_t identity;
} kept = {-1, 0};

static void prepare(void)
{
    int descriptor;
    if (bp_options.stats == BP_STATS_NONE || !is_descriptor(bp_options.stats_to, &descriptor))
        return;
    kept.identity = bp_os_identity(descriptor);
    kept.descriptor = bp_os_keep(descriptor);
}

// The descriptor that was named, if it is still what it was, or the one that was kept; or -1.
static int descriptor_now(int named)
{
    if (kept.identity && bp_os_identity(named) == kept.identity)
        return named;
    return kept.identity && bp_os_identity(kept.descriptor) == kept.identity ? kept.descriptor : -1;
}

static bool stats_send(int descriptor)
{
    struct bp_stats stats;
    struct bp_sink sink = bp_sink_to(descriptor);
    bp_stats_gather_settled(&stats);
    bp_stats_write(&sink, &stats, (enum bp_stats_mode)bp_options.stats);
    return bp_sink_flush(&sink);
}

void bp_report_at_exit(void)
{
    char path[PATH_BYTES];
    int descriptor;
    if (bp_options.stats == BP_STATS_NONE)
        return;
    bool ours = !is_descriptor(bp_options.stats_to, &descriptor);
    if (ours) {
        expand(path, bp_options.stats_to);
        descriptor = bp_os_create(path);
    } else {
        descriptor = descriptor_now(descriptor);
    }
    if (descriptor < 0 || !stats_send(descriptor))
        complain(bp_options.stats_to);
    if (ours && descriptor >= 0)
        bp_os_close(descriptor);
}

// --- options at the start ---

static void option_line(const struct bp_option *option, enum bp_option_source source)
{
    static const char *const from[] = {" (default)", " (bumpalloc_conf)", " (environment)"};
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: ");
    bp_line_text(&line, option->name);
    bp_line_text(&line, "=");
    bp_option_print(option, &line);
    bp_line_text(&line, from[source]);
    bp_line_send(&line);
}

static void reservation_line(void)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: version " BUMP_VERSION ", ");
    bp_line_decimal(&line, bp_reservation.n_bytes >> 20);
    bp_line_text(&line, " MiB reserved at ");
    bp_line_hex(&line, (size_t)bp_reservation.base);
    bp_line_text(&line, ", pages of ");
    bp_line_decimal(&line, bp_os_page_bytes());
    if (bp_limit_is_set()) {
        bp_line_text(&line, ", memory limit ");
        bp_line_decimal(&line, bp_limit_bytes() >> 20);
        bp_line_text(&line, " MiB");
    }
    bp_line_send(&line);
}

static void options_report(void)
{
    const struct bp_option *option;
    if (!bp_options.verbose)
        return;
    for (unsigned i = 0; (option = bp_option_at(i)); i++)
        option_line(option, bp_option_source(i));
    reservation_line();
}

void bp_report_boot(void)
{
    bp_profile_begin();
    options_report();
    prepare();
}
