// SPDX-License-Identifier: MIT
// A program with raised privileges (AT_SECURE) that has the library in it ignores the settings of
// its environment, and says nothing about them. Needs root, to make a set-uid copy of itself.
#include "life.h"

#include <sys/auxv.h>
#include <sys/stat.h>

extern const char *bump_version(void); // or the archive's members would stay out

enum { NOBODY = 65534 };

struct answer {
    int secure;
    long virtual_mib;
};

static char self_path[4096];

static void report(void)
{
    char text[64];
    life_workload(1, 5);
    long virtual_mib = life_statm(0) / 256 * (sysconf(_SC_PAGESIZE) / 4096);
    int n = snprintf(text, sizeof text, "%d %ld\n", getauxval(AT_SECURE) != 0, virtual_mib);
    REQUIRE(write(STDOUT_FILENO, text, (size_t)n) == n);
}

__attribute__((noreturn)) static void start(const char *path, const char *reserve, int out)
{
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    close(out);
    if (reserve)
        setenv("BUMPALLOC_RESERVE", reserve, 1);
    else
        unsetenv("BUMPALLOC_RESERVE");
    execl(path, path, "report", (char *)NULL);
    _exit(CHECK_FAIL);
}

static struct answer ask(const char *path, const char *reserve)
{
    int ends[2];
    char text[512] = "", rest[8];
    struct answer answer = {-1, -1};
    REQUIRE(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0)
        start(path, reserve, ends[1]);
    close(ends[1]);
    ssize_t n_bytes = read(ends[0], text, sizeof text - 1);
    CHECK(n_bytes > 0 && read(ends[0], rest, sizeof rest) == 0); // one line, no more
    close(ends[0]);
    life_wait(child);
    CHECK_FMT(sscanf(text, "%d %ld\n", &answer.secure, &answer.virtual_mib) == 2, "%s", text);
    return answer;
}

static void copy_file(const char *from, const char *to)
{
    static char buffer[1 << 16];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0755);
    REQUIRE(in >= 0 && out >= 0);
    for (ssize_t n; (n = read(in, buffer, sizeof buffer)) > 0;)
        REQUIRE(write(out, buffer, (size_t)n) == n);
    close(in);
    REQUIRE(fchown(out, NOBODY, NOBODY) == 0 && fchmod(out, 04755) == 0);
    close(out);
}

static void compare(const char *copy)
{
    struct answer plain = ask(self_path, NULL);
    struct answer small = ask(self_path, "64M");
    CHECK_EQ(plain.secure, 0);
    CHECK_FMT(small.virtual_mib < plain.virtual_mib / 2, "64M: %ld MiB, else %ld MiB",
              small.virtual_mib, plain.virtual_mib);
    static const char *const ignored[] = {"64M", "banana", "0", NULL};
    for (int i = 0; i < 4; i++) {
        struct answer secure = ask(copy, ignored[i]);
        if (secure.secure == 0)
            check_skip("set-uid programs gain nothing here (nosuid?)");
        CHECK_FMT(secure.virtual_mib > plain.virtual_mib / 2, "%s: %ld MiB, else %ld MiB",
                  ignored[i] ? ignored[i] : "nothing", secure.virtual_mib, plain.virtual_mib);
    }
}

int main(int argc, char **argv)
{
    static char copy[sizeof self_path + 8];
    (void)argv;
    check_begin();
    CHECK_NOT_NULL(bump_version());
    if (argc > 1) {
        report();
        return check_end();
    }
    if (geteuid() != 0)
        check_skip("needs root");
    REQUIRE(readlink("/proc/self/exe", self_path, sizeof self_path - 1) > 0);
    snprintf(copy, sizeof copy, "%s.setuid", self_path);
    unlink(copy);
    copy_file(self_path, copy);
    pid_t child = fork(); // so that a skip, too, cleans up
    if (child == 0) {
        compare(copy);
        _exit(check_end());
    }
    int status = 0;
    waitpid(child, &status, 0);
    unlink(copy);
    return WIFEXITED(status) ? WEXITSTATUS(status) : CHECK_FAIL;
}
