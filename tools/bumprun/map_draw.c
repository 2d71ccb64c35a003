// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "map.h"

#include "bumprun.h"
#include "region/class_region.h"
#include "region/size_class.h"
#include "region/span.h"
#include "reserve/reserve.h"
#include "svg.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 1200, MARGIN = 16, CELL = 11, COLUMNS = (WIDTH - 2 * MARGIN) / CELL };
enum { CELLS_MAX = COLUMNS * 60, SLOTS_MAX = COLUMNS * 4, PAGES_MAX = 16 };

struct map {
    struct svg svg;
    const struct target *target;
    const struct snapshot *snapshot;
    const struct bp_reservation *reservation;
    struct bp_stats stats;
    struct resident resident;
    int pagemap; // a descriptor, or -1
    double y;
};

static double share_of(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

// --- what is resident ---

// Pages of a range that have memory behind them, by the kernel's own table.
static size_t resident_pages(const struct map *it, uint64_t address, size_t n_bytes)
{
    uint64_t entries[512];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), left = n_bytes / page, count = 0;
    off_t at = (off_t)(address / page * sizeof(*entries));
    while (it->pagemap >= 0 && left) {
        size_t step = left < 512 ? left : 512;
        ssize_t got = pread(it->pagemap, entries, step * sizeof(*entries), at);
        if (got <= 0)
            break;
        for (size_t i = 0; i < (size_t)got / sizeof(*entries); i++)
            count += entries[i] >> 63;
        at += got;
        left -= (size_t)got / sizeof(*entries);
    }
    return count;
}

// --- heads and bars ---

static void heading(struct map *it, const char *text, const char *note)
{
    it->y += 34;
    fprintf(it->svg.stream,
            "<text class=\"title\" x=\"%d\" y=\"%.0f\">%s</text>\n"
            "<text class=\"soft\" x=\"%d\" y=\"%.0f\">%s</text>\n",
            MARGIN, it->y, text, MARGIN, it->y + 17, note);
    it->y += 28;
}

struct part {
    const char *name, *class, *meaning;
    size_t n_bytes;
};

// Where RSS is: parts that add up to it, as far as they are resident.
static void bar_draw(struct map *it, const struct part *parts, size_t count, size_t whole)
{
    double x = MARGIN;
    FILE *out = it->svg.stream;
    for (size_t i = 0; i < count; i++) {
        double width = share_of(parts[i].n_bytes, whole) * (WIDTH - 2 * MARGIN);
        fprintf(
            out,
            "<g class=\"part\"><title>%s: %s, %s</title><rect class=\"%s\" x=\"%.1f\" y=\"%.0f\" "
            "width=\"%.1f\" height=\"26\"/></g>\n",
            parts[i].name, human_bytes((double)parts[i].n_bytes).text, parts[i].meaning,
            parts[i].class, x, it->y, width);
        x += width;
    }
    it->y += 44;
    x = MARGIN;
    for (size_t i = 0; i < count; i++) {
        char label[96];
        int length = snprintf(label, sizeof(label), "%s %s", parts[i].name,
                              human_bytes((double)parts[i].n_bytes).text);
        fprintf(out,
                "<rect class=\"%s\" x=\"%.0f\" y=\"%.0f\" width=\"11\" height=\"11\"/>"
                "<text x=\"%.0f\" y=\"%.0f\">%s</text>\n",
                parts[i].class, x, it->y - 10, x + 16, it->y, label);
        x += 34 + 7.0 * length;
    }
    it->y += 8;
}

static size_t less(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

static void summary_draw(struct map *it)
{
    const struct bp_stats *stats = &it->stats;
    char note[256];
    size_t process = it->resident.process_bytes, ours = it->resident.reservation_bytes;
    size_t direct = stats->direct_bytes;
    size_t free_bytes = less(less(ours, it->resident.meta_bytes), stats->used_bytes - direct);
    size_t dirty = free_bytes < stats->dirty_bytes ? free_bytes : stats->dirty_bytes;
    size_t live = less(ours, it->resident.meta_bytes + free_bytes);
    struct part parts[] = {
        {"in use", "use", "objects of the program's that are resident", live},
        {"free in spans and caches", "hold", "free objects, and pages around them",
         free_bytes - dirty},
        {"dirty", "dirty", "free chunks and slots that hold pages", dirty},
        {"records", "meta", "the library's own", it->resident.meta_bytes},
        {"outside", "rest", "code, stacks, and mappings that are not the reservation",
         less(process, ours)},
    };
    snprintf(note, sizeof(note),
             "%s in use of %s resident; %s of address space reserved; %s in huge pages; "
             "%zu of %zu purges failed",
             human_bytes((double)stats->used_bytes).text, human_bytes((double)process).text,
             human_bytes((double)stats->reserved_bytes).text,
             human_bytes((double)it->resident.huge_bytes).text, stats->purge.failures,
             stats->purge.purges);
    heading(it, "Why RSS is what it is", note);
    bar_draw(it, parts, sizeof(parts) / sizeof(parts[0]), process ? process : 1);
}

// --- chunks ---

// Small classes are blue, large ones red, on a wheel.
static unsigned hue_of(unsigned class_index)
{
    return 210 + class_index * 150 / BP_CLASS_COUNT;
}

static void cell_place(const struct map *it, size_t index, double *ret_x, double *ret_y)
{
    *ret_x = MARGIN + (double)(index % COLUMNS) * CELL;
    *ret_y = it->y + (double)(index / COLUMNS) * CELL;
}

// The higher filled, the more is resident; the fainter, the less of it is in use.
static void cell_draw(const struct map *it, size_t index, const char *title, double resident,
                      const char *fill, double strength)
{
    double x, y, height = resident * (CELL - 1);
    cell_place(it, index, &x, &y);
    fprintf(it->svg.stream,
            "<g class=\"cell\"><title>%s</title><rect class=\"empty\" x=\"%.0f\" y=\"%.0f\" "
            "width=\"%d\" height=\"%d\"/>",
            title, x, y, CELL - 1, CELL - 1);
    if (height > 0)
        fprintf(it->svg.stream,
                "<rect %s x=\"%.0f\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" "
                "fill-opacity=\"%.2f\"/>",
                fill, x, y + (CELL - 1) - height, CELL - 1, height, strength);
    fputs("</g>\n", it->svg.stream);
}

static void chunk_draw(const struct map *it, size_t index, uint32_t chunk)
{
    const struct bp_span *span = (const void *)it->snapshot->view.meta_start[BP_META_SPANS];
    uint64_t address = (uintptr_t)it->reservation->base + ((uint64_t)chunk << BP_CHUNK_SHIFT);
    size_t pages = BP_CHUNK_BYTES / (size_t)sysconf(_SC_PAGESIZE);
    size_t resident = resident_pages(it, address, BP_CHUNK_BYTES);
    char title[192], fill[64];
    double used = 1;
    span += chunk;
    if (!span->first_chunk) {
        snprintf(title, sizeof(title), "chunk %u at %#llx: free, %zu of %zu pages resident", chunk,
                 (unsigned long long)address, resident, pages);
        snprintf(fill, sizeof(fill), "class=\"dirty\"");
    } else if (!span->class_index) {
        snprintf(title, sizeof(title), "chunk %u: part of an object of %s", chunk,
                 human_bytes((double)bp_span_large_bytes(span - (chunk - span->first_chunk))).text);
        snprintf(fill, sizeof(fill), "class=\"use\"");
    } else {
        uint32_t taken = span->object_count - span->free_count - span->fresh_count;
        used = share_of(taken, span->object_count);
        snprintf(title, sizeof(title),
                 "chunk %u at %#llx: %u of %u objects of %u bytes in use or in magazines, "
                 "%zu of %zu pages resident",
                 chunk, (unsigned long long)address, taken, span->object_count,
                 bp_class[span->class_index].object_bytes, resident, pages);
        snprintf(fill, sizeof(fill), "fill=\"hsl(%u 70%% 52%%)\"", hue_of(span->class_index));
    }
    cell_draw(it, index, title, share_of(resident, pages), fill, 0.25 + 0.75 * used);
}

static void chunks_draw(struct map *it)
{
    const struct bp_hot *hot = it->snapshot->part[BP_PART_HOT];
    size_t end = hot->arena_units >> (BP_CHUNK_SHIFT - 4), begin = it->reservation->arena_begin;
    size_t count = less(end, begin), shown = count < CELLS_MAX ? count : CELLS_MAX;
    char note[256];
    snprintf(
        note, sizeof(note),
        "Chunks of 64 KiB by address, %zu of %zu. Height: pages resident. Strength: objects in "
        "use. Colour: size of the objects.",
        shown, count);
    heading(it, "Small objects: the arena area", note);
    fputs("<g id=\"chunks\">\n", it->svg.stream);
    for (size_t i = 0; i < shown; i++)
        chunk_draw(it, i, (uint32_t)(begin + i));
    fputs("</g>\n", it->svg.stream);
    it->y += (double)((shown + COLUMNS - 1) / COLUMNS) * CELL + 10;
}

static void classes_legend(struct map *it)
{
    static const unsigned shown[] = {1, 4, 8, 16, 24, 32, 36, 40, 44, 48, 52};
    double x = MARGIN;
    it->y += 12;
    fputs("<g id=\"legend\">\n", it->svg.stream);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        fprintf(
            it->svg.stream,
            "<rect fill=\"hsl(%u 70%% 52%%)\" x=\"%.0f\" y=\"%.0f\" width=\"11\" height=\"11\"/>"
            "<text x=\"%.0f\" y=\"%.0f\">%u B</text>\n",
            hue_of(shown[i]), x, it->y - 10, x + 16, it->y, bp_class[shown[i]].object_bytes);
        x += 86;
    }
    fprintf(it->svg.stream,
            "<rect class=\"dirty\" x=\"%.0f\" y=\"%.0f\" width=\"11\" height=\"11\"/>"
            "<text x=\"%.0f\" y=\"%.0f\">free, dirty</text>\n</g>\n",
            x, it->y - 10, x + 16, it->y);
}

// --- slots ---

static const char *const state_names[] = {"fresh",          "in use",         "cached by a thread",
                                          "dirty",          "clean",          "being purged",
                                          "in use, stable", "in use, sampled"};
static const char *const state_fills[] = {"class=\"empty\"", "class=\"use\"",    "class=\"hold\"",
                                          "class=\"dirty\"", "class=\"empty\"",  "class=\"dirty\"",
                                          "class=\"use\"",   "class=\"sampled\""};

static void slot_draw(const struct map *it, unsigned region, size_t index)
{
    const struct bp_slot *slot =
        (const struct bp_slot *)it->snapshot->area[BP_META_SLOTS + region] + index;
    size_t slot_bytes = BP_CHUNK_BYTES << region;
    unsigned state = slot->state < sizeof(state_names) / sizeof(state_names[0]) ? slot->state : 0;
    bool used = state == BP_SLOT_USED || state >= BP_SLOT_STABLE;
    size_t held = used ? slot->usable_bytes : state == BP_SLOT_CLEAN ? 0 : slot->dirty_bytes;
    char title[192];
    snprintf(title, sizeof(title), "slot %zu of %s: %s, %s%s%s", index,
             human_bytes((double)slot_bytes).text, state_names[state],
             human_bytes((double)held).text, slot->huge ? ", huge pages asked for" : "",
             slot->moved ? ", with pages moved in" : "");
    double height = share_of(held, slot_bytes);
    cell_draw(it, index, title, held && height < 0.1 ? 0.1 : height, state_fills[state], 1);
}

// The slots that were ever used come first.
static size_t slots_used(const struct map *it, unsigned region)
{
    const struct bp_slot *slots = it->snapshot->area[BP_META_SLOTS + region];
    size_t count = it->snapshot->area_bytes[BP_META_SLOTS + region] / sizeof(*slots);
    while (count && slots[count - 1].state == BP_SLOT_FRESH)
        count--;
    return count;
}

static void region_draw(struct map *it, unsigned region)
{
    size_t count = slots_used(it, region);
    size_t shown = count < SLOTS_MAX ? count : SLOTS_MAX;
    const struct bp_region_stats *of = &it->stats.of_region[region];
    if (!count)
        return;
    it->y += 18;
    fprintf(it->svg.stream,
            "<text x=\"%d\" y=\"%.0f\">%s<tspan class=\"soft\"> slots: %zu, in use %zu with %s, ",
            MARGIN, it->y, human_bytes((double)(BP_CHUNK_BYTES << region)).text, count,
            of->used_slots, human_bytes((double)of->used_bytes).text);
    fprintf(it->svg.stream, "dirty %zu with %s, clean %zu</tspan></text>\n", of->dirty_slots,
            human_bytes((double)of->dirty_bytes).text, of->clean_slots);
    it->y += 6;
    for (size_t i = 0; i < shown; i++)
        slot_draw(it, region, i);
    it->y += (double)((shown + COLUMNS - 1) / COLUMNS) * CELL + 2;
}

static void slots_draw(struct map *it)
{
    heading(it, "Large objects: slots of the class regions",
            "Every slot that was ever used. Height: its share that is in use, or dirty. Green in "
            "use, purple sampled by the profile, blue kept by a thread, orange dirty, grey clean.");
    fputs("<g id=\"slots\">\n", it->svg.stream);
    for (unsigned region = 0; region < it->reservation->region_count; region++)
        region_draw(it, region);
    fputs("</g>\n", it->svg.stream);
}

// --- the whole ---

static const char style[] =
    "<style>.use{fill:#2f9e5b}.hold{fill:#4c8dd8}.dirty{fill:#ee8a2f}.meta{fill:#a05bd1}"
    ".rest{fill:#8b93a0}.sampled{fill:#c04fb8}.cell:hover{opacity:.7}</style>\n";

static int height_of(const struct map *it)
{
    const struct bp_hot *hot = it->snapshot->part[BP_PART_HOT];
    size_t end = hot->arena_units >> (BP_CHUNK_SHIFT - 4), begin = it->reservation->arena_begin;
    size_t chunks = less(end, begin) < CELLS_MAX ? less(end, begin) : CELLS_MAX;
    size_t rows = chunks / COLUMNS + 1, height = 380;
    for (unsigned region = 0; region < it->reservation->region_count; region++) {
        size_t count = slots_used(it, region);
        rows += count ? (count < SLOTS_MAX ? count : SLOTS_MAX) / COLUMNS + 1 : 0;
        height += count ? 26 : 0;
    }
    return (int)(height + rows * CELL);
}

static void draw(struct map *it, const char *path)
{
    char name[160], title[128];
    snprintf(title, sizeof(title), "Heap of %s (%d)", it->target->name, (int)it->target->pid);
    snprintf(name, sizeof(name), "/proc/%d/pagemap", (int)it->target->pid);
    it->pagemap = open(name, O_RDONLY | O_CLOEXEC);
    it->svg = svg_open(path, title, WIDTH, height_of(it));
    fputs(style, it->svg.stream);
    fprintf(it->svg.stream, "<text class=\"title\" x=\"%d\" y=\"30\">", MARGIN);
    svg_text(&it->svg, title);
    fputs("</text>\n", it->svg.stream);
    it->y = 22;
    summary_draw(it);
    chunks_draw(it);
    classes_legend(it);
    slots_draw(it);
    svg_close(&it->svg);
    if (it->pagemap >= 0)
        close(it->pagemap);
}

bool map_draw(const struct target *target, const char *path)
{
    struct snapshot snapshot = {0};
    struct map map = {.target = target, .snapshot = &snapshot};
    bool alive =
        snapshot_take(target, &snapshot, true) && target_resident(target, &snapshot, &map.resident);
    if (alive) {
        snapshot_stats(&snapshot, &map.stats);
        map.reservation = snapshot.part[BP_PART_RESERVATION];
        draw(&map, path);
    }
    snapshot_free(&snapshot);
    return alive;
}
