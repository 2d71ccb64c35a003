// SPDX-License-Identifier: MIT
// Linux control groups, both versions: what a container or a service may use. Read once, at boot,
// and only where a look is cheap or likely to find something: a failed open costs a few
// microseconds, and a shell script starts thousands of programs.
#define _GNU_SOURCE
#include "base/bits.h"
#include "os/fault.h"
#include "os/os.h"
#include "os/os_syscall.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_BYTES = 1024, TEXT_BYTES = 2048 };

struct path {
    char text[PATH_BYTES];
    size_t length;
};

// A path that does not fit becomes empty, and opens nothing.
static void path_add(struct path *path, const char *text, size_t length)
{
    if (path->length + length >= PATH_BYTES) {
        path->text[path->length = 0] = '\0';
        return;
    }
    memcpy(path->text + path->length, text, length);
    path->length += length;
    path->text[path->length] = '\0';
}

static bool file_read(const char *name, char *text, size_t n_bytes)
{
    int saved = errno;
    long file = -1, count = -1;
    if (!bp_os_injected_fault(BP_OS_ASK))
        file = bp_os_syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        count = bp_os_syscall(SYS_read, file, text, n_bytes - 1);
        bp_os_syscall(SYS_close, file);
    }
    errno = saved;
    text[count < 0 ? 0 : count] = '\0';
    return count > 0;
}

// The number at text, SIZE_MAX if there is none ("max", "-1"); *ret_end is what follows.
static size_t number_at(const char *text, const char **ret_end)
{
    size_t value = 0;
    *ret_end = text;
    for (; **ret_end >= '0' && **ret_end <= '9'; ++*ret_end) {
        if (__builtin_mul_overflow(value, (size_t)10, &value) ||
            __builtin_add_overflow(value, (size_t)(**ret_end - '0'), &value))
            value = SIZE_MAX;
    }
    return *ret_end == text ? SIZE_MAX : value;
}

static void lower_memory(struct bp_os_quota *quota, const char *text)
{
    const char *end;
    quota->memory_bytes = bp_min(quota->memory_bytes, number_at(text, &end));
}

// "QUOTA PERIOD", both in microseconds
static void lower_cpus(struct bp_os_quota *quota, const char *text)
{
    const char *end;
    size_t budget = number_at(text, &end);
    size_t period = number_at(*end ? end + 1 : end, &end);
    if (budget == SIZE_MAX || period == SIZE_MAX || !period)
        return;
    size_t cpus = bp_max(1, (budget + period - 1) / period);
    quota->cpu_count = (unsigned)bp_min(quota->cpu_count, cpus);
}

typedef void lowering(struct bp_os_quota *quota, const char *text);

static bool look_at(struct bp_os_quota *quota, const struct path *group, const char *file,
                    lowering *lower)
{
    char text[64];
    struct path name = *group;
    path_add(&name, "/", 1);
    path_add(&name, file, strlen(file));
    if (!file_read(name.text, text, sizeof(text)))
        return false;
    lower(quota, text);
    return true;
}

// The group and those that it is in, up to the mount point, which is `keep` long.
static void look_upwards(struct bp_os_quota *quota, struct path *group, size_t keep,
                         const char *file, lowering *lower)
{
    look_at(quota, group, file, lower);
    while (group->length > keep) {
        while (group->length > keep && group->text[group->length - 1] != '/')
            group->length--;
        group->length -= group->length > keep;
        group->text[group->length] = '\0';
        look_at(quota, group, file, lower);
    }
}

static void look_at_group(struct bp_os_quota *quota, const char *root, const char *mount,
                          const char *group, size_t group_length, const char *file, lowering *lower)
{
    struct path path = {.length = 0};
    path_add(&path, root, strlen(root));
    path_add(&path, mount, strlen(mount));
    size_t keep = path.length;
    path_add(&path, group, group_length);
    look_upwards(quota, &path, keep, file, lower);
}

// One line of /proc/self/cgroup: "0::/group" (version 2) or "N:memory:/group".
static void line_read(struct bp_os_quota *quota, const char *root, const char *line,
                      const char *group, size_t group_length)
{
    if (strncmp(line, "0::", 3) == 0) {
        look_at_group(quota, root, "/sys/fs/cgroup", group, group_length, "memory.max",
                      lower_memory);
        look_at_group(quota, root, "/sys/fs/cgroup", group, group_length, "cpu.max", lower_cpus);
    } else if (strstr(line, ":memory:") < group && strstr(line, ":memory:")) {
        look_at_group(quota, root, "/sys/fs/cgroup/memory", group, group_length,
                      "memory.limit_in_bytes", lower_memory);
    }
}

static void own_groups_read(struct bp_os_quota *quota, const char *root)
{
    char text[TEXT_BYTES];
    struct path name = {.length = 0};
    path_add(&name, root, strlen(root));
    path_add(&name, "/proc/self/cgroup", 17);
    if (!file_read(name.text, text, sizeof(text)))
        return;
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        const char *group = strchr(line, '/');
        if (group)
            line_read(quota, root, line, group, (size_t)(end - group));
    }
}

// Set by systemd for its services, by containers, by Kubernetes.
static bool is_likely_limited(void)
{
    return bp_os_env("INVOCATION_ID") || bp_os_env("container") ||
           bp_os_env("KUBERNETES_SERVICE_HOST");
}

void bp_os_quota_read(const char *root, struct bp_os_quota *quota)
{
    struct path top = {.length = 0};
    path_add(&top, root, strlen(root));
    path_add(&top, "/sys/fs/cgroup", 14);
    *quota = (struct bp_os_quota){.memory_bytes = SIZE_MAX, .cpu_count = bp_os_cpu_count()};
    // In a container with its own view of the groups, the mount point is its group.
    if (look_at(quota, &top, "memory.max", lower_memory))
        look_at(quota, &top, "cpu.max", lower_cpus);
    else if (is_likely_limited())
        own_groups_read(quota, root);
}
