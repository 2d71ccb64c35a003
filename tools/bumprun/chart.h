// SPDX-License-Identifier: MIT
// The picture of a comparison: memory over time under each allocator, and under ours what makes it
// up.
#ifndef BUMPRUN_CHART_H
#define BUMPRUN_CHART_H

#include "compare.h"
#include "timeline.h"

// lines: one for each allocator.
void chart_draw(const struct comparison *it, struct timeline *const *lines, const char *path,
                const char *title);

#endif
