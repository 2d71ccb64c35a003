// SPDX-License-Identifier: MIT
// os: what control groups say that the process may use, read from files made here.
#include "base/limits.h"
#include "fault_hook.h"
#include "os/os.h"
#include "unit.h"

#include <ftw.h>
#include <sched.h>
#include <sys/stat.h>

static char root[64];

// --- the files ---

static int delete_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static void folders_make(char *path)
{
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        REQUIRE(mkdir(path, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

static void file_write(const char *name, const char *text, size_t length)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", root, name);
    folders_make(path);
    FILE *file = fopen(path, "w");
    REQUIRE(file && fwrite(text, 1, length, file) == length && fclose(file) == 0);
}

static void put(const char *name, const char *text)
{
    file_write(name, text, strlen(text));
}

static void root_delete(void)
{
    REQUIRE(nftw(root, delete_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

// An empty folder, and a process that nobody has marked.
static void reset(void)
{
    root_delete();
    REQUIRE(mkdir(root, 0700) == 0);
    unsetenv("INVOCATION_ID");
    unsetenv("container");
    unsetenv("KUBERNETES_SERVICE_HOST");
}

// --- what is read of them ---

static struct bp_os_quota quota(void)
{
    struct bp_os_quota quota = {1, 1};
    errno = 4711;
    bp_os_quota_read(root, &quota);
    CHECK_EQ(errno, 4711);
    return quota;
}

static void expect_memory(size_t n_bytes, const char *what)
{
    size_t read = quota().memory_bytes;
    CHECK_FMT(read == n_bytes, "%s: %zu, expected %zu", what, read, n_bytes);
}

static void expect_cpus(unsigned count, const char *what)
{
    unsigned read = quota().cpu_count;
    CHECK_FMT(read == count, "%s: %u, expected %u", what, read, count);
}

static unsigned machine_cpus(void)
{
    cpu_set_t set;
    REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
    return (unsigned)CPU_COUNT(&set);
}

// --- without groups ---

static void nothing_is_no_limit(void)
{
    reset();
    expect_memory(SIZE_MAX, "nothing");
    expect_cpus(machine_cpus(), "nothing");
}

static void affinity_counts(void)
{
    cpu_set_t one;
    reset();
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    expect_cpus(1, "one processor");
}

// --- version 2 ---

static void container_s_own_view(void)
{
    reset();
    put("sys/fs/cgroup/memory.max", "268435456\n");
    expect_memory(256 * BP_MIB, "a container");
    expect_cpus(machine_cpus(), "no cpu.max");
    put("sys/fs/cgroup/cpu.max", "50000 100000\n");
    expect_cpus(1, "half a processor");
    put("sys/fs/cgroup/memory.max", "max\n");
    expect_memory(SIZE_MAX, "max");
    expect_cpus(1, "half a processor, memory without limit");
}

static void counts_whole_processors(void)
{
    static const struct {
        const char *text;
        unsigned cpus;
    } cases[] = {
        {"max 100000\n", 99},     {"100000 100000\n", 1}, {"1000 100000\n", 1},
        {"0 100000\n", 1},        {"100001 100000\n", 2}, {"200000 100000\n", 2},
        {"99 0\n", 99},           {"100000\n", 99},       {"", 99},
        {"garbage\n", 99},        {"-1 100000\n", 99},    {"100000 max\n", 99},
        {"100000  100000\n", 99},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned cpus = cases[i].cpus < machine_cpus() ? cases[i].cpus : machine_cpus();
        reset();
        put("sys/fs/cgroup/memory.max", "max\n");
        put("sys/fs/cgroup/cpu.max", cases[i].text);
        expect_cpus(cpus, cases[i].text);
    }
}

static void reads_numbers(void)
{
    static const struct {
        const char *text;
        size_t n_bytes;
    } cases[] = {
        {"1\n", 1},
        {"1", 1},
        {"0\n", 0},
        {"4096 \n", 4096},
        {"9223372036854771712\n", 9223372036854771712u},
        {"18446744073709551614\n", 18446744073709551614u},
        {"max\n", SIZE_MAX},
        {"-1\n", SIZE_MAX},
        {"\n", SIZE_MAX},
        {"unlimited\n", SIZE_MAX},
        {" 4096\n", SIZE_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reset();
        put("sys/fs/cgroup/memory.max", cases[i].text);
        expect_memory(cases[i].n_bytes, cases[i].text);
    }
}

// What does not fit in a word is no low limit.
static void huge_numbers_are_huge(void)
{
    static const char *const cases[] = {
        "18446744073709551615\n",
        "18446744073709551616\n",
        "99999999999999999999\n",
        "99999999999999999999999",
        "184467440737095516160\n",
        "123456789012345678901234567890123456789012345678901234567890123456789012345678901234567\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reset();
        put("sys/fs/cgroup/memory.max", cases[i]);
        size_t read = quota().memory_bytes;
        CHECK_FMT(read >= BP_ADDRESS_MAX, "%s: %zu", cases[i], read);
    }
}

static void text_with_zeros(void)
{
    reset();
    file_write("sys/fs/cgroup/memory.max",
               "12\0"
               "34",
               5);
    expect_memory(12, "a zero inside");
    file_write("sys/fs/cgroup/memory.max", "\0\0\0", 3);
    expect_memory(SIZE_MAX, "only zeros");
}

static void empty_file_is_no_view(void)
{
    reset();
    put("sys/fs/cgroup/memory.max", "");
    expect_memory(SIZE_MAX, "empty");
    REQUIRE(setenv("container", "lxc", 1) == 0);
    put("proc/self/cgroup", "0::/a\n");
    put("sys/fs/cgroup/a/memory.max", "4096\n");
    expect_memory(4096, "a group beside an empty file");
}

// --- a service: its group and those that it is in ---

static void service(void)
{
    reset();
    put("proc/self/cgroup", "0::/system.slice/redis.service\n");
    put("sys/fs/cgroup/system.slice/redis.service/memory.max", "max\n");
    put("sys/fs/cgroup/system.slice/redis.service/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/system.slice/memory.max", "8388608\n");
    put("sys/fs/cgroup/system.slice/cpu.max", "100000 100000\n");
    REQUIRE(setenv("INVOCATION_ID", "5", 1) == 0);
}

static void service_s_ancestors_count(void)
{
    service();
    expect_memory(8 * BP_MIB, "the slice's");
    expect_cpus(1, "the slice's");
    put("sys/fs/cgroup/system.slice/redis.service/memory.max", "4096\n");
    expect_memory(4096, "the service's");
    put("sys/fs/cgroup/system.slice/memory.max", "2048\n");
    expect_memory(2048, "the lowest");
}

static void looks_only_if_likely(void)
{
    service();
    unsetenv("INVOCATION_ID");
    expect_memory(SIZE_MAX, "a shell");
    REQUIRE(setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1) == 0);
    expect_memory(8 * BP_MIB, "kubernetes");
    unsetenv("KUBERNETES_SERVICE_HOST");
    REQUIRE(setenv("container", "podman", 1) == 0);
    expect_memory(8 * BP_MIB, "a container");
}

static void gaps_between_ancestors(void)
{
    reset();
    REQUIRE(setenv("INVOCATION_ID", "5", 1) == 0);
    put("proc/self/cgroup", "0::/a/b/c/d\n");
    put("sys/fs/cgroup/a/memory.max", "65536\n");
    expect_memory(65536, "three levels up");
    put("sys/fs/cgroup/a/b/c/memory.max", "4096\n");
    expect_memory(4096, "one level up");
}

static void top_group(void)
{
    reset();
    REQUIRE(setenv("INVOCATION_ID", "5", 1) == 0);
    put("proc/self/cgroup", "0::/\n");
    put("sys/fs/cgroup/cgroup.procs", "1\n");
    expect_memory(SIZE_MAX, "the top");
}

// --- version 1 ---

static void old_groups(void)
{
    reset();
    REQUIRE(setenv("INVOCATION_ID", "5", 1) == 0);
    put("proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/docker/77\n1:name=systemd:/y\n");
    put("sys/fs/cgroup/memory/docker/77/memory.limit_in_bytes", "9223372036854771712\n");
    expect_memory(9223372036854771712u, "what stands for no limit");
    put("sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "1073741824\n");
    expect_memory(BP_GIB, "the group above");
    put("sys/fs/cgroup/memory/docker/77/memory.limit_in_bytes", "536870912\n");
    expect_memory(512 * BP_MIB, "the group");
    put("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n");
    put("sys/fs/cgroup/memory/y/memory.limit_in_bytes", "1\n");
    expect_memory(512 * BP_MIB, "other controllers' groups");
}

// There its group is the mount point, whatever the list calls it.
static void old_container_s_own_view(void)
{
    reset();
    REQUIRE(setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1) == 0);
    put("proc/self/cgroup", "5:memory:/kubepods/77\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
    expect_memory(512 * BP_MIB, "an old container");
}

static void both_versions(void)
{
    reset();
    REQUIRE(setenv("INVOCATION_ID", "5", 1) == 0);
    put("proc/self/cgroup", "5:memory:/old\n0::/new\n");
    put("sys/fs/cgroup/memory/old/memory.limit_in_bytes", "8192\n");
    expect_memory(8192, "the old one");
    put("sys/fs/cgroup/new/memory.max", "4096\n");
    expect_memory(4096, "the lower one");
}

// A group may be called anything.
static void misleading_names(void)
{
    reset();
    REQUIRE(setenv("INVOCATION_ID", "5", 1) == 0);
    put("proc/self/cgroup", "3:cpu:/a:memory:/b\n2:memory:/c:d e\n");
    put("sys/fs/cgroup/memory/a:memory:/b/memory.limit_in_bytes", "1\n");
    put("sys/fs/cgroup/memory/b/memory.limit_in_bytes", "2\n");
    put("sys/fs/cgroup/memory/c:d e/memory.limit_in_bytes", "3\n");
    expect_memory(3, "names with colons");
}

// --- what is not as it should be ---

static void garbage(void)
{
    static const char *const texts[] = {
        "",          "\n",    "\n\n\n",     "0::",         "0::\n",
        "0::a\n",    "/\n",   ":memory:\n", "memory",      "0:/\n",
        "5:memory:", "0::/x", "0::/x\r\n",  "\xff\xfe/\n", "0::/../../../..\n",
    };
    reset();
    REQUIRE(setenv("INVOCATION_ID", "5", 1) == 0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        put("proc/self/cgroup", texts[i]);
        expect_memory(SIZE_MAX, texts[i]);
    }
}

// A path that does not fit is not looked at; those above it are not either, and nothing breaks.
static void long_names(void)
{
    char text[3000], name[1024];
    reset();
    REQUIRE(setenv("INVOCATION_ID", "5", 1) == 0);
    for (size_t length = 150; length <= 1900; length += 50) {
        int prefix = snprintf(text, sizeof text, "0::");
        for (size_t i = 0; i < length; i++)
            text[(size_t)prefix + i] = i % 50 ? 'n' : '/';
        snprintf(text + (size_t)prefix + length, 2, "\n");
        put("proc/self/cgroup", text);
        expect_memory(SIZE_MAX, "nested groups");
    }
    memset(name, 'n', sizeof name);
    snprintf(text, sizeof text, "0::/%.*s/%.*s\n", 200, name, 200, name);
    put("proc/self/cgroup", text);
    snprintf(text, sizeof text, "sys/fs/cgroup/%.*s/memory.max", 200, name);
    put(text, "4096\n");
    expect_memory(4096, "above a long name");
}

static void folder_in_place_of_a_file(void)
{
    reset();
    put("sys/fs/cgroup/memory.max/file", "");
    expect_memory(SIZE_MAX, "a folder");
}

// The first question is about processors, each further one about a file.
static void refused_questions(void)
{
    reset();
    REQUIRE(setenv("INVOCATION_ID", "5", 1) == 0);
    put("sys/fs/cgroup/memory.max", "4096\n");
    fault_some(BP_OS_ASK, 1, 1);
    expect_cpus(1, "processors are not known");
    fault_some(BP_OS_ASK, 2, 2);
    expect_memory(SIZE_MAX, "neither file can be read");
    CHECK_EQ(fault_plan.seen[BP_OS_ASK], 3);
    expect_memory(4096, "both can");
}

int main(void)
{
    static const struct unit_case cases[] = {
        UNIT_CASE(nothing_is_no_limit),
        UNIT_CASE(affinity_counts),
        UNIT_CASE(container_s_own_view),
        UNIT_CASE(counts_whole_processors),
        UNIT_CASE(reads_numbers),
        UNIT_CASE(huge_numbers_are_huge),
        UNIT_CASE(text_with_zeros),
        UNIT_CASE(empty_file_is_no_view),
        UNIT_CASE(service_s_ancestors_count),
        UNIT_CASE(looks_only_if_likely),
        UNIT_CASE(gaps_between_ancestors),
        UNIT_CASE(top_group),
        UNIT_CASE(old_groups),
        UNIT_CASE(old_container_s_own_view),
        UNIT_CASE(both_versions),
        UNIT_CASE(misleading_names),
        UNIT_CASE(garbage),
        UNIT_CASE(long_names),
        UNIT_CASE(folder_in_place_of_a_file),
        UNIT_CASE(refused_questions),
    };
    strcpy(root, P_tmpdir "/bump-cgroup-XXXXXX");
    REQUIRE(mkdtemp(root));
    int result = unit_run_cases(cases, sizeof cases / sizeof cases[0]);
    root_delete();
    return result;
}
