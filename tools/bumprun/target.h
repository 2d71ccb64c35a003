// SPDX-License-Identifier: MIT
// A live process that has the library in it, seen from outside. It is not stopped, and runs nothing
// for us: its memory is read as a debugger would, so the system asks for a debugger's rights (the
// same user, and what Yama's ptrace_scope allows).
//  1. The library is found by its ELF note (api/view.h), in whatever file it is linked into.
//  2. A snapshot is a copy of its records, from which api/stats.h gathers as it does in place. It
//  is
//     copied again until two copies agree; if the process is too busy for that, moving says so.
//  3. The one thing that is ever written is a request (thread/outside.h); the one thread that is
//     ever interrupted, for a moment, is the library's own worker, when it sleeps.
#ifndef BUMPRUN_TARGET_H
#define BUMPRUN_TARGET_H

#include "api/stats.h"
#include "api/view.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct target {
    pid_t pid;
    uint64_t page_address; // of its bp_page
    struct bp_page page;
    char name[32]; // the process's
};

struct snapshot {
    struct bp_view view;
    void *part[BP_PART_COUNT];
    void *area[BP_META_COUNT];
    size_t area_bytes[BP_META_COUNT];
    size_t area_capacity[BP_META_COUNT];
    bool moving;
};

// Attaches nothing; ends bumprun with a line if the process cannot be read, or has no library, or
// one of another version, or one that may not be looked into.
void target_find(const char *pid_text, struct target *ret_target);
// The same in silence; false, and target->pid is 0, if it cannot be.
bool target_try(pid_t pid, struct target *ret_target);
// False: the process has ended.
bool target_read(const struct target *target, uint64_t address, void *to, size_t n_bytes);
bool target_write(const struct target *target, uint64_t address, const void *from, size_t n_bytes);

// A snapshot starts as zeroes, and keeps its buffers from one copy to the next. with_chunk_map: for
// pictures. False: the process has ended.
bool snapshot_take(const struct target *target, struct snapshot *snapshot, bool with_chunk_map);
void snapshot_stats(const struct snapshot *snapshot, struct bp_stats *ret_stats);
void snapshot_free(struct snapshot *snapshot);

// Asks for something (thread/outside.h), with an argument or NULL, and waits until the process has
// done it. False: it has not yet.
bool target_ask(const struct target *target, uint32_t what, const char *argument, double seconds);
// A word of its struct bp_outside, after a request.
uint64_t target_released_bytes(const struct target *target);

// Resident bytes, from /proc: of the process, of the reservation, of the metadata in it.
struct resident {
    size_t process_bytes, reservation_bytes, meta_bytes, huge_bytes;
};
bool target_resident(const struct target *target, const struct snapshot *snapshot,
                     struct resident *ret_resident);

#endif
