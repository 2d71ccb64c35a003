// SPDX-License-Identifier: MIT
#include "profile/unwind.h"

#include "base/atomics.h"
#include "base/attr.h"
#include "base/bits.h"
#include "os/os.h"

#include <string.h>

enum { MEMORY_SHIFT = 12, PAGES_AHEAD = 64 };

// A rule and its address, both or neither: the key is the address xor the rule.
static struct {
    bp_atomic_size key, rule;
} memory[1 << MEMORY_SHIFT];

struct walk {
    uintptr_t pc, sp, fp;
    uintptr_t readable_end; // from sp on
};

static size_t place_of(uintptr_t pc)
{
    return pc * 0x9e3779b97f4a7c15u >> (64 - MEMORY_SHIFT);
}

static struct bp_frame_rule rule_find(uintptr_t pc)
{
    struct bp_os_module module;
    if (!bp_os_module_at((void *)(pc - 1), &module))
        return (struct bp_frame_rule){.kind = BP_FRAME_BY_POINTER};
    return bp_unwind_rule(module.unwind_table, (void *)pc);
}

static struct bp_frame_rule rule_at(uintptr_t pc)
{
    struct bp_frame_rule rule;
    size_t at = place_of(pc);
    size_t word = bp_load_relaxed(&memory[at].rule);
    _Static_assert(sizeof(rule) == sizeof(word), "a rule is one word");
    if (BP_LIKELY((bp_load_relaxed(&memory[at].key) ^ word) == pc)) {
        memcpy(&rule, &word, sizeof(rule));
        return rule;
    }
    rule = rule_find(pc);
    memcpy(&word, &rule, sizeof(word));
    bp_store_relaxed(&memory[at].rule, word);
    bp_store_relaxed(&memory[at].key, word ^ pc);
    return rule;
}

// A word of the stack, above what was left behind; pages are asked for once each.
static bool stack_read(struct walk *walk, uintptr_t address, uintptr_t *ret_word)
{
    if (address < walk->sp || address % sizeof(uintptr_t))
        return false;
    for (int i = 0; address >= walk->readable_end; i++) {
        if (i == PAGES_AHEAD || !bp_os_is_readable((void *)walk->readable_end))
            return false;
        walk->readable_end += bp_os_page_bytes();
    }
    memcpy(ret_word, (void *)address, sizeof(*ret_word));
    return true;
}

// Out of the frame whose end is cfa, where the return address is the last word.
static bool leave(struct walk *walk, uintptr_t cfa, intptr_t fp_offset)
{
    uintptr_t fp = walk->fp;
    if (cfa <= walk->sp || (fp_offset && !stack_read(walk, cfa + (uintptr_t)fp_offset, &fp)) ||
        !stack_read(walk, cfa - sizeof(uintptr_t), &walk->pc))
        return false;
    walk->sp = cfa;
    walk->fp = fp;
    return walk->pc != 0;
}

static bool step(struct walk *walk)
{
    struct bp_frame_rule rule = rule_at(walk->pc);
    uintptr_t offset = (uintptr_t)(intptr_t)rule.cfa_offset;
    switch (rule.kind) {
    case BP_FRAME_BY_SP:
        return leave(walk, walk->sp + offset, rule.fp_offset);
    case BP_FRAME_BY_FP:
        return leave(walk, walk->fp + offset, rule.fp_offset);
    case BP_FRAME_BY_POINTER:
        return leave(walk, walk->fp + 2 * sizeof(uintptr_t), -2 * (intptr_t)sizeof(uintptr_t));
    default:
        return false;
    }
}

// Linked statically, the library's frames are the program's.
static struct bp_os_module own_module(const void *inside)
{
    struct bp_os_module module = {NULL, NULL, NULL};
    const char *entry = bp_os_program_entry();
    if (bp_os_module_at(inside, &module) && entry >= (const char *)module.begin &&
        entry < (const char *)module.end)
        module.end = module.begin;
    return module;
}

static uint32_t walk_on(struct walk walk, struct bp_os_module own, uintptr_t *addresses,
                        uint32_t most)
{
    uint32_t count = 0;
    walk.readable_end = bp_align_up(walk.sp + 1, bp_os_page_bytes());
    do {
        bool inside = walk.pc - (uintptr_t)own.begin <
                      (size_t)((const char *)own.end - (const char *)own.begin);
        if (count || !inside)
            addresses[count++] = walk.pc;
    } while (count < most && step(&walk));
    return count;
}

BP_NOINLINE uint32_t bp_unwind_capture_some(uintptr_t *addresses, uint32_t most)
{
    uintptr_t *frame = __builtin_frame_address(0);
    struct walk walk = {.pc = frame[1], .sp = (uintptr_t)(frame + 2), .fp = frame[0]};
    return walk_on(walk, own_module((void *)walk.pc), addresses, most);
}

uint32_t bp_unwind_capture(uintptr_t addresses[BP_STACK_MAX])
{
    return bp_unwind_capture_some(addresses, BP_STACK_MAX);
}

uint32_t bp_unwind_from(uintptr_t pc, uintptr_t sp, uintptr_t fp, uintptr_t *addresses,
                        uint32_t most)
{
    struct walk walk = {.pc = pc, .sp = sp, .fp = fp};
    return walk_on(walk, (struct bp_os_module){NULL, NULL, NULL}, addresses, most);
}
