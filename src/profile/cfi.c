// SPDX-License-Identifier: MIT
// Call frame information: the part of it that says where a caller's frame is (DWARF 5, 6.4; Linux
// Standard Base, .eh_frame and .eh_frame_hdr). What is not understood is "no rule".
#include "base/attr.h"
#include "profile/unwind.h"

#include <string.h>

enum { REG_FP = 6, REG_SP = 7, REG_RETURN = 16, SAVED_DEPTH = 8 };
enum { POINTER_REL4 = 0x1b, TABLE_ENTRIES = 0x3b, COUNT_U4 = 0x03 };

struct state {
    uint64_t cfa_register; // UINT64_MAX: by an expression
    int64_t cfa_offset;
    int64_t fp_offset, return_offset; // 0: not saved
    bool is_last;
};

struct program {
    const uint8_t *at, *end;
    const uint8_t *instructions; // of the common part
    const uint8_t *instructions_end;
    uint64_t code_step;
    int64_t data_step;
    uintptr_t place, target; // the address reached; and wanted
    struct state now, initial, saved[SAVED_DEPTH];
    unsigned saved_count;
    bool failed;
};

static uint64_t fixed(struct program *it, size_t n_bytes)
{
    uint64_t value = 0;
    if ((size_t)(it->end - it->at) < n_bytes) {
        it->failed = true;
        it->at = it->end;
        return 0;
    }
    memcpy(&value, it->at, n_bytes);
    it->at += n_bytes;
    return value;
}

static uint64_t uleb(struct program *it)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t byte = fixed(it, 1);
        value |= (byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    it->failed = true;
    return 0;
}

static int64_t sleb(struct program *it)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t byte = fixed(it, 1);
        value |= (byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            bool negative = byte & 0x40 && shift + 7 < 64;
            return (int64_t)(negative ? value | ~(uint64_t)0 << (shift + 7) : value);
        }
    }
    it->failed = true;
    return 0;
}

static void skip(struct program *it, uint64_t n_bytes)
{
    if ((uint64_t)(it->end - it->at) < n_bytes)
        it->failed = true;
    else
        it->at += n_bytes;
}

// --- what one instruction does ---

static void saved_at(struct program *it, uint64_t reg, int64_t offset)
{
    if (reg == REG_FP)
        it->now.fp_offset = offset;
    else if (reg == REG_RETURN)
        it->now.return_offset = offset;
}

static void restored(struct program *it, uint64_t reg)
{
    if (reg == REG_FP)
        it->now.fp_offset = it->initial.fp_offset;
    else if (reg == REG_RETURN)
        it->now.return_offset = it->initial.return_offset;
}

static void advance(struct program *it, uint64_t steps)
{
    it->place += steps * it->code_step;
}

// A register whose caller's value is not in the frame as we read frames.
static void lost(struct program *it, uint64_t reg, bool undefined)
{
    if (reg == REG_RETURN && undefined)
        it->now.is_last = true;
    else if (reg == REG_FP || reg == REG_RETURN)
        it->now.cfa_register = UINT64_MAX;
}

static void cfa_is(struct program *it, uint64_t reg, int64_t offset)
{
    it->now.cfa_register = reg;
    it->now.cfa_offset = offset;
}

static void remember(struct program *it, bool back)
{
    if (back ? !it->saved_count : it->saved_count == SAVED_DEPTH)
        it->failed = true;
    else if (back)
        it->now = it->saved[--it->saved_count];
    else
        it->saved[it->saved_count++] = it->now;
}

// Instructions on registers; false: it is none of these.
static bool register_instruction(struct program *it, unsigned code)
{
    uint64_t reg;
    switch (code) {
    case 0x05: // offset_extended
        reg = uleb(it);
        saved_at(it, reg, (int64_t)uleb(it) * it->data_step);
        return true;
    case 0x06: // restore_extended
        restored(it, uleb(it));
        return true;
    case 0x07: // undefined
        lost(it, uleb(it), true);
        return true;
    case 0x08: // same_value
        saved_at(it, uleb(it), 0);
        return true;
    case 0x09: // register
    case 0x14: // val_offset
    case 0x15: // val_offset_sf
        lost(it, uleb(it), false);
        uleb(it);
        return true;
    case 0x10: // expression
    case 0x16: // val_expression
        lost(it, uleb(it), false);
        skip(it, uleb(it));
        return true;
    case 0x11: // offset_extended_sf
        reg = uleb(it);
        saved_at(it, reg, sleb(it) * it->data_step);
        return true;
    default:
        return false;
    }
}

// Instructions on the end of the frame, and others.
static void frame_instruction(struct program *it, unsigned code)
{
    uint64_t reg;
    switch (code) {
    case 0x00: // nop
        break;
    case 0x02: // advance_loc1, 2, 4
    case 0x03:
    case 0x04:
        advance(it, fixed(it, (size_t)1 << (code - 2)));
        break;
    case 0x0a: // remember_state
    case 0x0b: // restore_state
        remember(it, code == 0x0b);
        break;
    case 0x0c: // def_cfa
        reg = uleb(it);
        cfa_is(it, reg, (int64_t)uleb(it));
        break;
    case 0x0d: // def_cfa_register
        it->now.cfa_register = uleb(it);
        break;
    case 0x0e: // def_cfa_offset
        it->now.cfa_offset = (int64_t)uleb(it);
        break;
    case 0x0f: // def_cfa_expression
        skip(it, uleb(it));
        it->now.cfa_register = UINT64_MAX;
        break;
    case 0x12: // def_cfa_sf
        reg = uleb(it);
        cfa_is(it, reg, sleb(it) * it->data_step);
        break;
    case 0x13: // def_cfa_offset_sf
        it->now.cfa_offset = sleb(it) * it->data_step;
        break;
    case 0x2e: // GNU_args_size
        uleb(it);
        break;
    default:
        it->failed = true;
    }
}

static void instruction(struct program *it)
{
    unsigned code = (unsigned)fixed(it, 1);
    unsigned low = code & 0x3f;
    if (code >> 6 == 1)
        advance(it, low);
    else if (code >> 6 == 2)
        saved_at(it, low, (int64_t)uleb(it) * it->data_step);
    else if (code >> 6 == 3)
        restored(it, low);
    else if (!register_instruction(it, code))
        frame_instruction(it, code);
}

// Up to the row that covers the target.
static void run(struct program *it, const uint8_t *begin, const uint8_t *end)
{
    it->at = begin;
    it->end = end;
    while (it->at < it->end && !it->failed) {
        struct state before = it->now;
        instruction(it);
        if (it->place > it->target) {
            it->now = before;
            return;
        }
    }
}

// --- entries ---

// Reads a length; the entry's bytes are what follows.
static void entry_open(struct program *it, const uint8_t *entry)
{
    it->at = entry;
    it->end = entry + 4;
    uint64_t length = fixed(it, 4);
    it->failed = it->failed || length == 0 || length == 0xffffffff;
    it->end = it->failed ? it->at : it->at + length;
}

// The common entry: steps and first instructions. Of augmentations only those that change nothing.
static void read_common(struct program *it, const uint8_t *entry)
{
    entry_open(it, entry);
    skip(it, 4);
    uint64_t version = fixed(it, 1);
    const char *augmentation = (const char *)it->at;
    while (!it->failed && fixed(it, 1))
        continue;
    it->code_step = uleb(it);
    it->data_step = sleb(it);
    uint64_t return_register = version == 1 ? fixed(it, 1) : uleb(it);
    if (it->failed || augmentation[0] != 'z' || return_register != REG_RETURN) {
        it->failed = true;
        return;
    }
    uint64_t data_bytes = uleb(it);
    const uint8_t *data = it->at;
    skip(it, data_bytes);
    it->instructions = it->at;
    it->instructions_end = it->end;
    for (const char *letter = augmentation + 1; *letter && !it->failed; letter++) {
        if (*letter == 'P') // an encoding and so many bytes
            data += 1 + ((*data & 7) == 4 || (*data & 7) == 0 ? 8 : (*data & 7) == 2 ? 2 : 4);
        else if (*letter == 'L')
            data++;
        else if (*letter == 'R')
            it->failed = *data++ != POINTER_REL4;
        else
            it->failed = true; // 'S', a signal's frame, among others
    }
}

static uintptr_t relative4(const uint8_t *at)
{
    int32_t offset;
    memcpy(&offset, at, sizeof(offset));
    return (uintptr_t)at + (uintptr_t)(intptr_t)offset;
}

static void run_entry(struct program *it, const uint8_t *entry)
{
    uint32_t back;
    memcpy(&back, entry + 4, sizeof(back));
    read_common(it, entry + 4 - back);
    const uint8_t *code = entry + 8;
    uint32_t code_bytes;
    memcpy(&code_bytes, code + 4, sizeof(code_bytes));
    it->place = relative4(code);
    if (it->failed || it->target - it->place >= code_bytes) {
        it->failed = true;
        return;
    }
    uintptr_t begin = it->place;
    it->place = 0;
    run(it, it->instructions, it->instructions_end);
    it->initial = it->now;
    it->place = begin;
    entry_open(it, entry);
    skip(it, 12);
    skip(it, uleb(it));
    run(it, it->at, it->end);
}

// The table is sorted by code address: pairs of 4-byte offsets from the table's start.
static const uint8_t *entry_find(const uint8_t *table, uintptr_t address)
{
    uint32_t count;
    if (table[0] != 1 || table[2] != COUNT_U4 || table[3] != TABLE_ENTRIES)
        return NULL;
    memcpy(&count, table + 8, sizeof(count));
    int64_t wanted = (int64_t)(address - (uintptr_t)table);
    uint32_t low = 0, high = count;
    int32_t pair[2];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        memcpy(pair, table + 12 + (size_t)middle * 8, sizeof(pair));
        if (pair[0] <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return NULL;
    memcpy(pair, table + 12 + (size_t)(low - 1) * 8, sizeof(pair));
    return table + pair[1];
}

static struct bp_frame_rule rule_of(const struct state *state)
{
    struct bp_frame_rule rule = {(int32_t)state->cfa_offset, (int16_t)state->fp_offset, 0};
    bool plain = state->return_offset == -8 && rule.cfa_offset == state->cfa_offset &&
                 rule.fp_offset == state->fp_offset;
    if (state->is_last)
        rule.kind = BP_FRAME_LAST;
    else if (plain && state->cfa_register == REG_SP)
        rule.kind = BP_FRAME_BY_SP;
    else if (plain && state->cfa_register == REG_FP)
        rule.kind = BP_FRAME_BY_FP;
    else
        rule.kind = BP_FRAME_BY_POINTER;
    return rule;
}

// The call is the instruction before the address that it returns to.
struct bp_frame_rule bp_unwind_rule(const void *table, const void *return_address)
{
    struct program it = {.target = (uintptr_t)return_address - 1};
    const uint8_t *entry = table ? entry_find(table, it.target) : NULL;
    if (entry)
        run_entry(&it, entry);
    if (!entry || it.failed)
        return (struct bp_frame_rule){.kind = BP_FRAME_BY_POINTER};
    return rule_of(&it.now);
}
