// SPDX-License-Identifier: MIT
// What programs ask an allocator about itself: sizes, trim, malloc_stats, malloc_info.
#include "api/format.h"
#include "entry/below.h"
#include "entry/entry.h"
#include "os/os.h"

#include <errno.h>

size_t bp_entry_usable_size(void *pointer)
{
    enum bp_verdict verdict;
    if (!pointer)
        return 0;
    size_t n_bytes = bp_below_usable(pointer, &verdict);
    if (verdict == BP_FOREIGN)
        return bp_entry_foreign_usable_size(pointer);
    if (verdict != BP_DONE)
        bp_entry_die_invalid(pointer, "malloc_usable_size");
    return n_bytes;
}

// The size that a request of n bytes gets.
size_t bp_entry_good_size(size_t n_bytes)
{
    bp_entry_init();
    return bp_below_good(n_bytes);
}

// pad, glibc's slack at the top of its heap, has no meaning here.
int bp_entry_trim(size_t pad)
{
    (void)pad;
    bp_entry_init();
    return bp_request_trim() > 0;
}

// To stderr, as glibc's.
void bp_entry_stats(void)
{
    struct bp_stats stats;
    struct bp_sink sink = bp_sink_to(2);
    bp_entry_init();
    bp_stats_gather_settled(&stats);
    bp_stats_write(&sink, &stats, BP_STATS_TEXT);
    bp_sink_flush(&sink);
}

static int stream_write(struct bp_sink *sink, const char *text, size_t n_bytes)
{
    return fwrite(text, 1, n_bytes, sink->target) == n_bytes ? 0 : EIO;
}

// XML in the shape of glibc's: a version, totals, and what makes them up.
int bp_entry_info(int options, FILE *stream)
{
    struct bp_stats stats;
    struct bp_sink sink = bp_sink_to(-1);
    if (options != 0)
        return EINVAL; // as a value: the function answers like glibc's
    bp_entry_init();
    bp_stats_gather_settled(&stats);
    sink.write = stream_write;
    sink.target = stream;
    bp_stats_write(&sink, &stats, BP_STATS_XML);
    bp_sink_flush(&sink);
    return 0;
}
