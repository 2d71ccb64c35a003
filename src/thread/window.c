// SPDX-License-Identifier: MIT
#include "thread/window.h"

#include "base/bits.h"
#include "os/os.h"
#include "profile/poisson.h"
#include "thread/counted.h"

static void keys_set(struct bp_heap *heap, unsigned class_index, unsigned owner)
{
    size_t first = class_index > 1 ? bp_class[class_index - 1].object_bytes / 16 + 1 : 0;
    size_t last = bp_class[class_index].object_bytes / 16;
    for (size_t i = first; i <= last; i++)
        heap->hot.key[i] = (uint16_t)bp_key(class_index, owner);
}

void bp_window_close(struct bp_heap *heap)
{
    if (!heap->window_class)
        return;
    bp_counted_return(heap, heap->window_class);
    keys_set(heap, heap->window_class, heap->owner);
    heap->window_class = 0;
}

static void window_open(struct bp_heap *heap, unsigned class_index)
{
    heap->until_window = (int64_t)bp_poisson_gap(&heap->random, heap->guard_every);
    heap->window_class = class_index;
    heap->cold[class_index].until_sample =
        (uint32_t)(bp_poisson_random(&heap->random) % BP_WINDOW_OBJECTS);
    keys_set(heap, class_index, BP_COUNTED_OWNER);
}

// What this slow path stands for.
static size_t objects_since(struct bp_heap *heap, unsigned class_index)
{
    enum { OBJECT_NS = 128, MAGAZINES_MAX = 32 };
    size_t magazine = bp_max(heap->cold[class_index].limit, 1);
    uint64_t now = bp_os_now_ns();
    uint64_t by_time = (now - heap->window_ns) / OBJECT_NS;
    heap->window_ns = now;
    return bp_min(bp_max(by_time, magazine), MAGAZINES_MAX * magazine);
}

static void visit_count(struct bp_heap *heap, unsigned class_index)
{
    heap->until_window -= (int64_t)objects_since(heap, class_index);
    if (heap->until_window > 0)
        return;
    bp_window_close(heap);
    window_open(heap, class_index);
}

bool bp_window_is_due(struct bp_heap *heap, unsigned class_index)
{
    if (heap->window_class != class_index)
        visit_count(heap, class_index);
    if (heap->window_class != class_index || heap->cold[class_index].until_sample ||
        bp_counted_shown(heap, class_index))
        return false;
    bp_window_close(heap);
    return true;
}
