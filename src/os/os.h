// SPDX-License-Identifier: MIT
// The operating system's contract. Rules for every function here:
//  - 0 is success, otherwise an errno code; errno itself is left as it was;
//  - addresses and sizes are page-aligned, sizes are not 0;
//  - nothing here allocates, prints, or calls up.
// A page of a reservation is reserved (no access), committed (readable, writable, charged), purged
// (committed, no memory behind it, reads zero) or discarded (committed, not to be touched).
// What a system does not have answers ENOSYS or ENOTSUP, and callers have another way.
#ifndef BP_OS_OS_H
#define BP_OS_OS_H

#include "base/atomics.h"
#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The calls that can be made to fail in the checks build.
enum bp_os_call {
    BP_OS_RESERVE,
    BP_OS_COMMIT,
    BP_OS_DECOMMIT,
    BP_OS_PURGE,
    BP_OS_MAP,
    BP_OS_MOVE,
    BP_OS_ADVISE, // huge pages, dumps, names, children: what is done without where it fails
    BP_OS_BARRIER,
    BP_OS_THREAD, // a thread's start, and what makes its end known
    BP_OS_GUARD,  // the secure library's (os/os_guard.h)
    BP_OS_UNMAP,  // what goes back for good
    BP_OS_FILE,   // all about a file but what is memory: that is MAP, COMMIT, PURGE
    BP_OS_ASK,    // limits, processors, groups; is there room, whose is it, what is it called
    BP_OS_FORK,   // hooks for it
    BP_OS_TRAP,   // handlers of signals
    BP_OS_WAIT,   // a sleep, which ends at once
    BP_OS_NAP,    // one that has an end of its own
    BP_OS_CALL_COUNT,
};

// Checks build: asked before each of the calls above; a non-zero answer is the call's result.
extern int (*bp_os_fault_hook)(enum bp_os_call call);

size_t bp_os_page_bytes(void);
unsigned bp_os_cpu_count(void);
// RLIMIT_AS or its like; SIZE_MAX where there is none.
size_t bp_os_address_limit(void);
// The most that may be reserved without being asked for: what costs nothing on this system.
size_t bp_os_reserve_default(void);
// True if all that is committed is charged, used or not (Windows). Free memory is decommitted
// then rather than purged, what is committed grows in small steps, and purged pages read anything.
bool bp_os_charges_commit(void);

// What the process may use of the machine.
struct bp_os_quota {
    size_t memory_bytes; // SIZE_MAX: no limit is known
    unsigned cpu_count;
};
// From the scheduler and from control groups; root stands before every path, "" but for tests.
void bp_os_quota_read(const char *root, struct bp_os_quota *ret_quota);

// A number that differs from process to process and is not to be guessed; 0 in a process whose
// addresses are not randomised (under a debugger, say). Always the same within a process.
uint64_t bp_os_random(void);

// Addresses without memory, aligned, below BP_ADDRESS_MAX; as far as possible somewhere else in
// each process.
int bp_os_reserve(size_t n_bytes, size_t align, void **ret_base);
// reserved -> committed, reads zero. A failure changes nothing.
int bp_os_commit(void *addr, size_t n_bytes);
// Any state -> committed, reads zero, but not charged: growing a large range costs nothing then,
// and no fork fails for it. Where the system charges all the same, ENOMEM as for bp_os_commit. A
// failure leaves the range reserved.
int bp_os_commit_lax(void *addr, size_t n_bytes);
// Would a commit of so much be refused by itself?
int bp_os_commit_try(size_t n_bytes);
// committed -> reserved; the contents are lost and the charge is returned.
int bp_os_decommit(void *addr, size_t n_bytes);
// committed -> purged. A failure leaves the contents as they are.
int bp_os_purge(void *addr, size_t n_bytes);
// committed -> purged, as a fresh mapping: pieces that were moved in merge again.
int bp_os_renew(void *addr, size_t n_bytes);
// committed -> discarded: charged, the memory goes back, what is there may read anything.
// *ret_zero: the range was purged instead and reads zero. The contents are lost even by a failure.
int bp_os_discard(void *addr, size_t n_bytes, bool *ret_zero);
// discarded -> committed. Before such pages are touched again; other committed pages do not mind.
void bp_os_reuse(void *addr, size_t n_bytes);
// Whether the system can move pages at all.
bool bp_os_can_move(void);
// Moves the pages behind src to dst (both committed); src is purged after it. The mapping at
// dst does not merge with its neighbours any more: callers bound how often. one_piece: src was
// not put together of moved pieces, which not every kernel moves at once. A failure leaves src
// as it is, and dst purged or as it is.
int bp_os_move(void *dst, void *src, size_t n_bytes, bool one_piece);
// A mapping of its own, committed; align may exceed the page size.
int bp_os_map(size_t n_bytes, size_t align, void **ret_addr);
// The same in huge pages, for systems where bp_os_huge cannot ask for them (Windows).
int bp_os_map_huge(size_t n_bytes, size_t align, void **ret_addr);
// The same, not charged (bp_os_commit_lax), aligned to a page.
int bp_os_map_lax(size_t n_bytes, void **ret_addr);
// A mapping between two pages that cannot be touched: its neighbours may be anybody's.
int bp_os_map_guarded(size_t n_bytes, void **ret_addr);
int bp_os_unmap_guarded(void *addr, size_t n_bytes);
// Is there memory that can be read? True if the system has no way to tell.
bool bp_os_is_readable(const void *address);
// Gives back any mapping. What the system does not take is owed: nobody is given it, its memory
// goes, and it is tried again with later ones. A failure: too much is owed; it stays for good.
int bp_os_unmap(void *addr, size_t n_bytes);
// Tries again all that is owed.
void bp_os_unmap_owed(void);
// How much of a range of ours has memory behind it now.
int bp_os_resident(void *addr, size_t n_bytes, size_t *ret_bytes);
// Grows or shrinks a mapping of bp_os_map's, moving pages, not bytes, if it must.
int bp_os_remap(void *addr, size_t old_bytes, size_t new_bytes, void **ret_addr);
// Labels a range for whoever reads the process's map; keeps it out of core dumps or not.
void bp_os_name(void *addr, size_t n_bytes);
void bp_os_dump(void *addr, size_t n_bytes, bool wanted);

// Asks for huge pages there, or for none; a system may do neither.
void bp_os_huge(void *addr, size_t n_bytes, bool wanted);

// Sleeps while *cell == value (or returns early); wakes one sleeper.
void bp_os_wait(bp_atomic_u32 *cell, uint32_t value);
void bp_os_wake(bp_atomic_u32 *cell);
// As bp_os_wait, for at most so long.
void bp_os_wait_ms(bp_atomic_u32 *cell, uint32_t value, uint32_t timeout_ms);
void bp_os_yield(void);
// Every thread of the process has passed a full barrier since this was called. ENOSYS where the
// system has no such thing.
int bp_os_barrier_all(void);
// A detached thread that no signal is delivered to; fn must not return.
int bp_os_thread_start(void (*fn)(void));
// A coarse monotonic clock, by milliseconds; no system call.
uint32_t bp_os_now_ms(void);
// A fine one, by nanoseconds.
uint64_t bp_os_now_ns(void);

// The environment's value or NULL; always NULL for a program that runs with raised privileges.
const char *bp_os_env(const char *name);
// The next entry "NAME=value" whose name begins so, or NULL; a cursor starts at 0. As above.
BP_COLD const char *bp_os_env_next(const char *prefix, unsigned *cursor);
// What the program defines as bumpalloc_conf (bumpalloc/bumpalloc.h), or NULL.
BP_COLD const char *bp_os_conf(void);
void bp_os_write_error(const char *text, size_t n_bytes);
// All of it, to a descriptor.
int bp_os_write(int descriptor, const char *text, size_t n_bytes);
// A descriptor of a new or emptied file that its owner alone may read, or -1.
int bp_os_create(const char *path);
void bp_os_close(int descriptor);
// Another descriptor of the same file, out of the way of those that a program opens, or -1.
int bp_os_keep(int descriptor);
// What a descriptor is open on, as a number that is not 0; 0 if it is not open.
uint64_t bp_os_identity(int descriptor);
BP_NORETURN void bp_os_abort(void);

// Where the program's code begins.
const void *bp_os_program_entry(void);
// The file mapped around an address: its range, and its table of unwind information (eh_frame_hdr,
// may be NULL). False if none is known.
struct bp_os_module {
    const void *begin, *end;
    const void *unwind_table;
};
bool bp_os_module_at(const void *address, struct bp_os_module *ret_module);
// Whether no allocator can have handed the address out, because the program's or a library's own
// code or data is there, or the main stack; false if the system has no way to tell.
bool bp_os_is_program(const void *address);
// The name of what is at an address (NULL if it is not known), and its file; false: no file.
struct bp_os_symbol {
    const char *name, *file;
    size_t file_offset;
};
bool bp_os_symbol_at(const void *address, struct bp_os_symbol *ret_symbol);
// Creates or replaces a file.
int bp_os_path_write(const char *path, const void *data, size_t n_bytes);
// As much of a file as fits; 0 if it cannot be read.
size_t bp_os_path_read(const char *path, void *buffer, size_t capacity);

// fn runs with the thread's argument when a thread that has armed itself ends.
int bp_os_thread_exit_register(void (*fn)(void *));
int bp_os_thread_exit_arm(void *argument);
// The argument that the calling thread is armed with, NULL if it is not, or its end has begun.
void *bp_os_thread_exit_argument(void);
BP_COLD int bp_os_fork_register(void (*prepare)(void), void (*parent)(void), void (*child)(void));
// The next definition of a function behind this library's, or NULL.
void *bp_os_next_function(const char *name);
// A function of the C++ runtime, if the process has loaded one by now, or NULL.
void *bp_os_cxx_function(const char *name);

#endif
