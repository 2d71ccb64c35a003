// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "target.h"

#include "bumprun.h"
#include "core/options.h"
#include "reserve/reserve.h"
#include "thread/outside.h"
#include "thread/worker.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRANSFER_BYTES ((size_t)1 << 30) // at a time

// --- memory ---

static bool transfer(const struct target *target, uint64_t address, char *local, size_t n_bytes,
                     bool write)
{
    while (n_bytes) {
        size_t step = n_bytes < TRANSFER_BYTES ? n_bytes : TRANSFER_BYTES;
        struct iovec here = {local, step}, there = {(void *)(uintptr_t)address, step};
        ssize_t done = write ? process_vm_writev(target->pid, &here, 1, &there, 1, 0)
                             : process_vm_readv(target->pid, &here, 1, &there, 1, 0);
        if (done <= 0)
            return false;
        local += done;
        address += (uint64_t)done;
        n_bytes -= (size_t)done;
    }
    return true;
}

bool target_read(const struct target *target, uint64_t address, void *to, size_t n_bytes)
{
    return transfer(target, address, to, n_bytes, false);
}

bool target_write(const struct target *target, uint64_t address, const void *from, size_t n_bytes)
{
    return transfer(target, address, (char *)(uintptr_t)from, n_bytes, true);
}

// --- the library in it ---

static FILE *open_proc(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    return fopen(path, "re");
}

static uint64_t note_offset(const char *notes, size_t n_bytes, uint64_t address)
{
    for (size_t at = 0; at + sizeof(Elf64_Nhdr) <= n_bytes;) {
        Elf64_Nhdr note;
        memcpy(&note, notes + at, sizeof(note));
        size_t name = at + sizeof(note), content = name + ((note.n_namesz + 3) & ~3u);
        size_t next = content + ((note.n_descsz + 3) & ~3u);
        if (next > n_bytes || next <= at)
            return 0;
        if (note.n_type == BP_NOTE_TYPE && note.n_descsz == 8 &&
            note.n_namesz == sizeof(BP_NOTE_NAME) &&
            memcmp(notes + name, BP_NOTE_NAME, sizeof(BP_NOTE_NAME)) == 0) {
            int64_t offset;
            memcpy(&offset, notes + content, sizeof(offset));
            return address + content + (uint64_t)offset;
        }
        at = next;
    }
    return 0;
}

static uint64_t page_by_segment(const struct target *target, uint64_t bias, const Elf64_Phdr *it)
{
    enum { NOTES_MAX = 1 << 16 };
    if (it->p_type != PT_NOTE || it->p_filesz > NOTES_MAX)
        return 0;
    char *notes = allocate(it->p_filesz);
    uint64_t found = 0;
    if (target_read(target, bias + it->p_vaddr, notes, it->p_filesz))
        found = note_offset(notes, it->p_filesz, bias + it->p_vaddr);
    free(notes);
    return found;
}

// How far the file was moved from where it was linked to.
static uint64_t bias_of(const Elf64_Phdr *segments, unsigned count, uint64_t start)
{
    for (unsigned i = 0; i < count; i++) {
        if (segments[i].p_type == PT_LOAD)
            return start - (segments[i].p_vaddr - segments[i].p_offset);
    }
    return start;
}

// The page of the library in the file that is mapped there, or 0.
static uint64_t page_of_file(const struct target *target, uint64_t start)
{
    enum { SEGMENTS_MAX = 64 };
    Elf64_Ehdr header;
    Elf64_Phdr segments[SEGMENTS_MAX];
    uint64_t found = 0;
    if (!target_read(target, start, &header, sizeof(header)) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_phnum > SEGMENTS_MAX ||
        !target_read(target, start + header.e_phoff, segments,
                     header.e_phnum * sizeof(segments[0])))
        return 0;
    uint64_t bias = bias_of(segments, header.e_phnum, start);
    for (unsigned i = 0; i < header.e_phnum && !found; i++)
        found = page_by_segment(target, bias, &segments[i]);
    return found;
}

static bool page_read(struct target *target, uint64_t address)
{
    target->page_address = address;
    return target_read(target, address, &target->page, sizeof(target->page)) &&
           memcmp(target->page.magic, BP_PAGE_MAGIC, sizeof(target->page.magic)) == 0;
}

static bool is_in_use(const struct target *target)
{
    struct bp_reservation reservation = {0};
    const struct bp_page_part *part = &target->page.part[BP_PART_RESERVATION];
    return target->page.layout == BP_PAGE_LAYOUT &&
           target_read(target, (uintptr_t)part->address, &reservation, sizeof(reservation)) &&
           reservation.n_bytes;
}

// Files are mapped from their start first. A library that is there twice is used once: that one.
static bool page_find(struct target *target, FILE *maps)
{
    char line[4352];
    struct target found = *target;
    bool any = false;
    while (fgets(line, sizeof(line), maps)) {
        unsigned long long start, offset;
        char mode[8];
        if (sscanf(line, "%llx-%*x %7s %llx", &start, mode, &offset) != 3 || mode[0] != 'r' ||
            offset != 0 || !strchr(line, '/'))
            continue;
        uint64_t address = page_of_file(target, start);
        if (!address || !page_read(&found, address))
            continue;
        *target = found;
        any = true;
        if (is_in_use(target))
            break;
    }
    return any;
}

static bool is_same_version(const struct target *target)
{
    bool same = target->page.layout == BP_PAGE_LAYOUT && target->page.part_count == BP_PART_COUNT &&
                memcmp(target->page.version, bp_page.version, sizeof(bp_page.version)) == 0;
    for (unsigned i = 0; same && i < BP_PART_COUNT; i++)
        same = target->page.part[i].n_bytes == bp_page.part[i].n_bytes;
    return same;
}

static void check_version(const struct target *target)
{
    if (!is_same_version(target))
        die(EXIT_FAILED, "process %d has version %.16s of the library, this bumprun is for %s",
            (int)target->pid, target->page.layout ? target->page.version : "?", bp_page.version);
}

static void check_allowed(const struct target *target)
{
    struct bp_options options;
    const struct bp_page_part *part = &target->page.part[BP_PART_OPTIONS];
    if (!target_read(target, (uintptr_t)part->address, &options, sizeof(options)))
        die(EXIT_FAILED, "process %d has ended", (int)target->pid);
    if (!options.outside)
        die(EXIT_FAILED, "process %d was started with BUMPALLOC_OUTSIDE=0", (int)target->pid);
}

static void explain_refusal(pid_t pid)
{
    if (errno == ENOENT || errno == ESRCH)
        die(EXIT_FAILED, "no process %d", (int)pid);
    die(EXIT_FAILED,
        "process %d may not be read: %s. That takes the same user and a debugger's rights (see "
        "/proc/sys/kernel/yama/ptrace_scope), or root",
        (int)pid, strerror(errno));
}

static void read_name(struct target *target)
{
    FILE *file = open_proc(target->pid, "comm");
    if (file && fgets(target->name, sizeof(target->name), file))
        target->name[strcspn(target->name, "\n")] = 0;
    if (file)
        fclose(file);
}

void target_find(const char *pid_text, struct target *target)
{
    memset(target, 0, sizeof(*target));
    target->pid = (pid_t)number_of(pid_text, "PID", 1, 1 << 30);
    char probe;
    struct iovec here = {&probe, 1}, there = {NULL, 1};
    FILE *maps = open_proc(target->pid, "maps");
    if (!maps)
        explain_refusal(target->pid);
    // Address 0 is never there: EFAULT means that we may read.
    if (process_vm_readv(target->pid, &here, 1, &there, 1, 0) < 0 && errno != EFAULT)
        explain_refusal(target->pid);
    read_name(target);
    if (!page_find(target, maps))
        die(EXIT_FAILED, "process %d (%s) does not run under libbumpalloc", (int)target->pid,
            target->name);
    fclose(maps);
    check_version(target);
    check_allowed(target);
}

bool target_try(pid_t pid, struct target *target)
{
    struct bp_options options;
    memset(target, 0, sizeof(*target));
    target->pid = pid;
    FILE *maps = open_proc(pid, "maps");
    bool found = maps && page_find(target, maps) && is_same_version(target) &&
                 target_read(target, (uintptr_t)target->page.part[BP_PART_OPTIONS].address,
                             &options, sizeof(options)) &&
                 options.outside;
    if (maps)
        fclose(maps);
    if (!found)
        target->pid = 0;
    return found;
}

// --- requests ---

static uint64_t outside_at(const struct target *target, size_t offset)
{
    return (uintptr_t)target->page.outside + offset;
}

static uint32_t served_of(const struct target *target)
{
    uint32_t served = 0;
    target_read(target, outside_at(target, offsetof(struct bp_outside, served)), &served,
                sizeof(served));
    return served;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// --- the worker ---

// Does the thread wait on that word? Its file says which call it is in, with arguments.
static bool waits_on(pid_t pid, pid_t thread, uint64_t address)
{
    char name[48];
    unsigned long long first;
    snprintf(name, sizeof(name), "task/%d/syscall", (int)thread);
    FILE *file = open_proc(pid, name);
    bool waits = file && fscanf(file, "%*d %llx", &first) == 1 && first == address;
    if (file)
        fclose(file);
    return waits;
}

// Only this thread, the library's own, is interrupted: the kernel begins its wait again, which
// finds the word changed.
static void wait_again(pid_t thread)
{
    if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0)
        return;
    if (ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) == 0)
        waitpid(thread, NULL, __WALL);
    ptrace(PTRACE_DETACH, thread, NULL, NULL);
}

// A worker that sleeps (BUMPALLOC_BACKGROUND=1) looks for what was asked.
static void worker_wake(const struct target *target)
{
    uint64_t address = (uintptr_t)target->page.worker_state;
    uint32_t state = BP_WORKER_NONE, awake = BP_WORKER_AWAKE;
    char path[64];
    target_read(target, address, &state, sizeof(state));
    if (state != BP_WORKER_ASLEEP || !target_write(target, address, &awake, sizeof(awake)))
        return;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)target->pid);
    DIR *tasks = opendir(path);
    for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
        pid_t thread = (pid_t)atoi(entry->d_name);
        if (thread > 0 && waits_on(target->pid, thread, address))
            wait_again(thread);
    }
    if (tasks)
        closedir(tasks);
}

bool target_ask(const struct target *target, uint32_t what, const char *argument, double seconds)
{
    uint32_t before = served_of(target);
    unsigned char byte = (unsigned char)what; // one byte is never torn
    size_t room = sizeof(((struct bp_outside *)NULL)->argument);
    if (argument && strlen(argument) >= room)
        die(EXIT_USAGE, "longer than %zu bytes: %s", room - 1, argument);
    if (argument && !target_write(target, outside_at(target, offsetof(struct bp_outside, argument)),
                                  argument, strlen(argument) + 1))
        die(EXIT_FAILED, "process %d has ended", (int)target->pid);
    if (!target_write(target, outside_at(target, offsetof(struct bp_outside, pending)), &byte, 1))
        die(EXIT_FAILED, "process %d has ended", (int)target->pid);
    worker_wake(target);
    double until = now() + seconds;
    while (served_of(target) == before) {
        if (now() >= until || !target_read(target, target->page_address, &byte, 1))
            return false;
        usleep(2000);
    }
    return true;
}

uint64_t target_released_bytes(const struct target *target)
{
    uint64_t released = 0;
    target_read(target, outside_at(target, offsetof(struct bp_outside, released_bytes)), &released,
                sizeof(released));
    return released;
}

// --- resident memory ---

static size_t field_kib(const char *line, const char *name)
{
    size_t length = strlen(name);
    return strncmp(line, name, length) == 0 ? strtoull(line + length, NULL, 10) << 10 : 0;
}

bool target_resident(const struct target *target, const struct snapshot *snapshot,
                     struct resident *resident)
{
    const struct bp_reservation *reservation = snapshot->part[BP_PART_RESERVATION];
    uint64_t base = (uintptr_t)reservation->base, begin = 0, start, end;
    char line[4352];
    FILE *maps = open_proc(target->pid, "smaps");
    memset(resident, 0, sizeof(*resident));
    if (!maps)
        return false;
    while (fgets(line, sizeof(line), maps)) {
        unsigned long long from, until;
        char mode[8];
        if (sscanf(line, "%llx-%llx %7s ", &from, &until, mode) == 3) {
            start = from;
            end = until;
            begin = start >= base && end <= base + reservation->n_bytes ? start : 0;
        }
        size_t rss = field_kib(line, "Rss:");
        resident->process_bytes += rss;
        resident->reservation_bytes += begin ? rss : 0;
        bool meta = begin && begin < base + ((uint64_t)reservation->arena_begin << BP_CHUNK_SHIFT);
        resident->meta_bytes += meta ? rss : 0;
        resident->huge_bytes += begin ? field_kib(line, "AnonHugePages:") : 0;
    }
    fclose(maps);
    return true;
}
