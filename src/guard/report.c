// SPDX-License-Identifier: MIT
#include "guard/report.h"

#include "core/report.h"
#include "os/os.h"
#include "profile/frame.h"
#include "profile/unwind.h"

static void line_say(const char *text)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, text);
    bp_line_send(&line);
}

static void stack_tell(const char *title, const struct bp_guard_stack *stack)
{
    if (stack->depth)
        line_say(title);
    bp_frame_lines(stack->address, stack->depth);
}

// The calling thread's, where the library was called.
static void here_tell(const char *title)
{
    struct bp_guard_stack stack;
    stack.depth = bp_unwind_capture_some(stack.address, BP_GUARD_FRAMES);
    stack_tell(title, &stack);
}

static void stacks_tell(const struct bp_guarded *it)
{
    // pairs with the release in guard.c: the stacks are there
    uint32_t state = bp_load_u32_acquire(&it->state);
    stack_tell("bumpalloc:   allocated by", &it->allocated);
    if (state == BP_GUARD_LEAVING || state == BP_GUARD_FREED)
        stack_tell("bumpalloc:   freed by", &it->freed);
}

// "3 bytes behind 0x... (100 bytes)": where the address is, seen from the object.
static void line_place(struct bp_line *line, const struct bp_guarded *it, uintptr_t address)
{
    uintptr_t begin = (uintptr_t)it->object, end = begin + it->n_bytes;
    size_t distance = address < begin ? begin - address : address - begin;
    const char *where = address < begin ? " before " : " into ";
    if (address >= end) {
        distance = address - end;
        where = " behind ";
    }
    bp_line_decimal(line, distance);
    bp_line_text(line, distance == 1 ? " byte" : " bytes");
    bp_line_text(line, where);
    bp_line_hex(line, begin);
    bp_line_text(line, " (");
    bp_line_decimal(line, it->n_bytes);
    bp_line_text(line, " bytes)");
}

// --- accesses ---

static const char *name_of(const struct bp_guarded *it, uintptr_t address)
{
    // pairs with the release in guard.c: what the state says has happened
    uint32_t state = bp_load_u32_acquire(&it->state);
    if (state != BP_GUARD_LIVE)
        return "use after free";
    return address < (uintptr_t)it->object ? "underflow" : "overflow";
}

static void trap_line(const struct bp_guarded *it, const struct bp_os_trap *trap)
{
    static const char *const verbs[] = {": access to ", ": read of ", ": write to "};
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: ");
    bp_line_text(&line, it ? name_of(it, trap->address) : "wild access");
    bp_line_text(&line, verbs[trap->access]);
    bp_line_hex(&line, trap->address);
    if (it) {
        bp_line_text(&line, ", ");
        line_place(&line, it, trap->address);
    }
    bp_line_send(&line);
}

// The instruction itself stands in for a call that returns behind its first byte.
static void trap_stack_tell(const struct bp_os_trap *trap)
{
    struct bp_guard_stack stack = {.depth = 0};
    if (trap->pc)
        stack.depth =
            bp_unwind_from(trap->pc + 1, trap->sp, trap->fp, stack.address, BP_GUARD_FRAMES);
    stack_tell("bumpalloc:   accessed by", &stack);
}

// Once for each object: a program's handler may let the instruction try again.
static bool is_news(struct bp_guarded *it)
{
    // pairs with nothing: it only elects who tells
    return !it || !bp_exchange_u32_acquire(&it->told, 1);
}

void bp_guard_report_trap(const struct bp_os_trap *trap)
{
    if (!bp_guard_owns((const void *)trap->address))
        return;
    struct bp_guarded *it = bp_guard_around(trap->address);
    if (!is_news(it))
        return;
    trap_line(it, trap);
    trap_stack_tell(trap);
    if (it)
        stacks_tell(it);
}

// --- calls ---

void bp_guard_die_double_free(const struct bp_guarded *it)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: double free of ");
    bp_line_hex(&line, (size_t)it->object);
    bp_line_text(&line, " (");
    bp_line_decimal(&line, it->n_bytes);
    bp_line_text(&line, " bytes)");
    bp_line_send(&line);
    here_tell("bumpalloc:   freed again by");
    stacks_tell(it);
    bp_os_abort();
}

void bp_guard_die_written(const struct bp_guarded *it, const char *at)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, at < it->object ? "bumpalloc: underflow" : "bumpalloc: overflow");
    bp_line_text(&line, ": found later: ");
    line_place(&line, it, (uintptr_t)at);
    bp_line_send(&line);
    here_tell("bumpalloc:   found by");
    stacks_tell(it);
    bp_os_abort();
}

void bp_guard_die_invalid(const void *pointer, const char *function)
{
    const struct bp_guarded *it = bp_guard_around((uintptr_t)pointer);
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: invalid pointer ");
    bp_line_hex(&line, (size_t)pointer);
    bp_line_text(&line, " passed to ");
    bp_line_text(&line, function);
    if (it) {
        bp_line_text(&line, ", ");
        line_place(&line, it, (uintptr_t)pointer);
    }
    bp_line_send(&line);
    here_tell("bumpalloc:   passed by");
    if (it)
        stacks_tell(it);
    bp_os_abort();
}
