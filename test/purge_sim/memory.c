// SPDX-License-Identifier: MIT
#include "memory.h"

#include <stdlib.h>
#include <string.h>

// --- lists of pieces ---

static void pieces_make_room(struct sim_pieces *pieces)
{
    size_t count = pieces->end - pieces->first;
    if (pieces->end < pieces->room)
        return;
    if (pieces->first > pieces->room / 2) {
        memmove(pieces->items, pieces->items + pieces->first, count * sizeof(*pieces->items));
        pieces->first = 0;
        pieces->end = count;
        return;
    }
    pieces->room = pieces->room ? 2 * pieces->room : 64;
    pieces->items = realloc(pieces->items, pieces->room * sizeof(*pieces->items));
    if (!pieces->items)
        abort();
}

static void pieces_add(struct sim_pieces *pieces, size_t units, uint32_t ms)
{
    if (!units)
        return;
    pieces->units += units;
    if (pieces->end > pieces->first && pieces->items[pieces->end - 1].ms == ms) {
        pieces->items[pieces->end - 1].units += units;
        return;
    }
    pieces_make_room(pieces);
    pieces->items[pieces->end++] = (struct sim_piece){units, ms};
}

static size_t piece_cut(struct sim_pieces *pieces, struct sim_piece *piece, size_t units)
{
    size_t cut = piece->units < units ? piece->units : units;
    piece->units -= cut;
    pieces->units -= cut;
    return cut;
}

static struct sim_piece pieces_take_newest(struct sim_pieces *pieces, size_t units)
{
    struct sim_piece none = {0, 0};
    if (pieces->end == pieces->first)
        return none;
    struct sim_piece *newest = &pieces->items[pieces->end - 1];
    struct sim_piece taken = {piece_cut(pieces, newest, units), newest->ms};
    pieces->end -= !newest->units;
    return taken;
}

// --- memory ---

void sim_memory_free(struct sim_memory *memory)
{
    free(memory->dirty.items);
    free(memory->clean.items);
    *memory = (struct sim_memory){.used_units = 0};
}

size_t sim_memory_held_bytes(const struct sim_memory *memory)
{
    return sim_bytes(memory->used_units + memory->dirty.units);
}

void sim_memory_release(struct sim_memory *memory, size_t units, uint32_t ms)
{
    memory->used_units -= units;
    pieces_add(&memory->dirty, units, ms);
}

size_t sim_memory_take_dirty(struct sim_memory *memory, size_t units)
{
    size_t taken = 0;
    while (taken < units && memory->dirty.units)
        taken += pieces_take_newest(&memory->dirty, units - taken).units;
    memory->used_units += taken;
    return taken;
}

struct sim_piece sim_memory_take_clean(struct sim_memory *memory, size_t units)
{
    struct sim_piece taken = pieces_take_newest(&memory->clean, units);
    memory->used_units += taken.units;
    return taken;
}

void sim_memory_take_fresh(struct sim_memory *memory, size_t units)
{
    memory->used_units += units;
}

size_t sim_memory_purge(struct sim_memory *memory, size_t units, uint32_t ms)
{
    struct sim_pieces *dirty = &memory->dirty;
    if (!dirty->units)
        return 0;
    struct sim_piece *oldest = &dirty->items[dirty->first];
    size_t purged = piece_cut(dirty, oldest, units);
    dirty->first += !oldest->units;
    pieces_add(&memory->clean, purged, ms);
    return purged;
}

struct sim_piece sim_memory_oldest(const struct sim_memory *memory)
{
    struct sim_piece none = {0, 0};
    return memory->dirty.units ? memory->dirty.items[memory->dirty.first] : none;
}
