// SPDX-License-Identifier: MIT
// The threads of this process as the kernel sees them. Nothing here allocates.
#ifndef TEST_TASKS_H
#define TEST_TASKS_H

#include "check.h"

#include <fcntl.h>
#include <sys/syscall.h>

enum { TASKS_MAX = 64, TASK_TEXT = 4096 };

struct tasks_entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

// The ids of all threads but the caller; returns how many there are.
static inline int tasks_others(int ret_ids[TASKS_MAX])
{
    _Alignas(struct tasks_entry) char buffer[4096];
    int count = 0, self = (int)syscall(SYS_gettid);
    int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    for (long n; (n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0;) {
        for (long at = 0; at < n;) {
            const struct tasks_entry *entry = (const void *)(buffer + at);
            int id = atoi(entry->name);
            if (id > 0 && id != self && count < TASKS_MAX)
                ret_ids[count++] = id;
            at += entry->length;
        }
    }
    close(fd);
    return count;
}

static inline int tasks_count(void)
{
    int ids[TASKS_MAX];
    return tasks_others(ids) + 1;
}

// The only other thread.
static inline int tasks_other(void)
{
    int ids[TASKS_MAX];
    REQUIRE(tasks_others(ids) == 1);
    return ids[0];
}

static inline void task_read(int id, const char *name, char ret_text[TASK_TEXT])
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/%s", id, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    ssize_t n = read(fd, ret_text, TASK_TEXT - 1);
    REQUIRE(n >= 0);
    ret_text[n] = '\0';
    close(fd);
}

// The number behind "name:" in its status, in that base.
static inline unsigned long long task_status(int id, const char *name, int base)
{
    char text[TASK_TEXT];
    task_read(id, "status", text);
    const char *at = strstr(text, name);
    REQUIRE(at != NULL);
    return strtoull(at + strlen(name) + 1, NULL, base);
}

// How often it went to sleep by itself.
static inline unsigned long long task_sleeps(int id)
{
    return task_status(id, "\nvoluntary_ctxt_switches", 10);
}

// Does it wait for a futex, without a timeout?
static inline bool task_waits_for_good(int id)
{
    char text[TASK_TEXT];
    unsigned long long timeout = 1;
    task_read(id, "syscall", text);
    return sscanf(text, "202 %*x %*x %*x %llx", &timeout) == 1 && timeout == 0;
}

// Every signal that can be blocked, but for those that the C library keeps for itself.
static inline bool task_blocks_all_signals(int id)
{
    enum { KILL = 9, STOP = 19, OWN_FIRST = 32, OWN_LAST = 33 };
    unsigned long long blocked = task_status(id, "\nSigBlk", 16), missing = 0;
    for (int i = 1; i <= 64; i++) {
        bool may_miss = i == KILL || i == STOP || (i >= OWN_FIRST && i <= OWN_LAST);
        missing |= may_miss ? 0 : ~blocked & 1ull << (i - 1);
    }
    return missing == 0;
}

#endif
