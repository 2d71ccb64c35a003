// SPDX-License-Identifier: MIT
// A frame loop: everything that a frame needs comes from one arena, which is reset when the frame
// is done. After a few frames it makes no system calls, and a scene that has grown calm gives
// memory back by and by.
#include <bumpalloc/bumpalloc.h>
#include <stdio.h>
#include <string.h>

struct particle {
    float x, y, dx, dy;
    struct particle *next;
};

// A frame's work: particles in a list, and a text about them. Returns how many there were.
static unsigned draw(struct bump_arena *arena, unsigned count)
{
    struct particle *first = NULL;
    unsigned drawn = 0;
    for (unsigned i = 0; i < count; i++) {
        struct particle *it = bump_arena_alloc(arena, sizeof *it, _Alignof(struct particle));
        if (!it)
            return 0;
        *it = (struct particle){(float)i, 0, 1, 1, first};
        first = it;
    }
    char *text = bump_arena_calloc(arena, 1, 64, 1);
    for (struct particle *it = first; it; it = it->next)
        drawn += it->dx > 0;
    if (text)
        snprintf(text, 64, "%u particles", drawn);
    return text && text[0] != '0' ? drawn : 0;
}

int main(void)
{
    struct bump_arena arena = {0};
    size_t busy_bytes = 0;
    if (bump_arena_create(&arena, (size_t)1 << 36, 0))
        return 1;
    for (unsigned frame = 0; frame < 5000; frame++) {
        unsigned count = frame < 1000 ? 50000 + frame % 100 : 5000;
        if (draw(&arena, count) != count)
            return 1;
        if (frame == 999)
            busy_bytes = bump_arena_committed(&arena);
        bump_arena_reset(&arena);
    }
    size_t calm_bytes = bump_arena_committed(&arena);
    printf("busy %zu KiB, calm %zu KiB\n", busy_bytes >> 10, calm_bytes >> 10);
    bump_arena_destroy(&arena);
    return calm_bytes < busy_bytes / 3 ? 0 : 1;
}
