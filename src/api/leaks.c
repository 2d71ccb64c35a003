// SPDX-License-Identifier: MIT
#include "api/profile.h"
#include "base/bits.h"
#include "core/report.h"
#include "profile/buffer.h"
#include "profile/frame.h"
#include "profile/poisson.h"
#include "profile/samples.h"

enum { SITES_MAX = 20, FRAMES_MAX = 12 };

static size_t objects_of(struct bp_sums sums)
{
    return (sums.objects + ((uint64_t)1 << (BP_WEIGHT_SHIFT - 1))) >> BP_WEIGHT_SHIFT;
}

static void sums_text(struct bp_line *line, struct bp_sums sums)
{
    bp_line_decimal(line, sums.n_bytes);
    bp_line_text(line, " bytes in ");
    bp_line_decimal(line, bp_max(objects_of(sums), 1));
    bp_line_text(line, " objects");
}

static void site_lines(const struct bp_stack *stack)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: ");
    sums_text(&line, stack->live);
    bp_line_text(&line, " from");
    bp_line_send(&line);
    bp_frame_lines(stack->address, (uint32_t)bp_min(stack->depth, FRAMES_MAX));
}

// Sorts the largest to the front, as far as they are shown.
static uint32_t sites_gather(const uint64_t *words, size_t n_words,
                             const struct bp_stack *ret_sites[SITES_MAX])
{
    uint32_t count = 0;
    for (size_t at = 0; at < n_words;) {
        const struct bp_stack *stack = (const void *)(words + at);
        uint32_t place = count < SITES_MAX ? count++ : SITES_MAX;
        at += bp_stack_words(stack);
        for (; place > 0 && ret_sites[place - 1]->live.n_bytes < stack->live.n_bytes; place--) {
            if (place < SITES_MAX)
                ret_sites[place] = ret_sites[place - 1];
        }
        if (place < SITES_MAX)
            ret_sites[place] = stack;
    }
    return count;
}

static void head_line(const struct bp_sample_counts *counts)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: in use at exit, by estimate from ");
    bp_line_decimal(&line, counts->live_samples);
    bp_line_text(&line, " samples: ");
    if (counts->live_samples)
        sums_text(&line, counts->live);
    else
        bp_line_text(&line, "nothing");
    bp_line_send(&line);
}

void bp_leaks_report(void)
{
    struct bp_buffer copy = {.data = NULL};
    struct bp_sample_counts counts;
    const struct bp_stack *sites[SITES_MAX];
    bp_samples_count(&counts);
    size_t words = counts.stack_words;
    uint64_t *place = (void *)bp_buffer_extend(&copy, bp_max(words, 1) * sizeof(uint64_t));
    words = place ? bp_samples_copy(place, words, &counts) : 0;
    head_line(&counts);
    uint32_t count = sites_gather(place, words, sites);
    for (uint32_t i = 0; i < count && sites[i]->live.n_bytes; i++)
        site_lines(sites[i]);
    bp_buffer_drop(&copy);
}
