// SPDX-License-Identifier: MIT
// Ways to start a program that run no fork handlers (vfork, posix_spawn, _Fork) or hide the fork
// (system, popen), while threads allocate.
#include "noise.h"

#include <dlfcn.h>
#include <spawn.h>

enum { TIMES = 30, CHILD_STATUS = 42 };

extern char **environ;
static char *self_path;
static char *child_argv[] = {NULL, (char *)"child", NULL};

static void wait_for(pid_t child, int expected)
{
    int status;
    REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_FMT(WIFEXITED(status) && WEXITSTATUS(status) == expected, "wait status 0x%x", status);
}

static void vfork_and_exec(void)
{
    pid_t child = vfork();
    if (child == 0) {
        execve(self_path, child_argv, environ);
        _exit(CHECK_FAIL);
    }
    wait_for(child, CHILD_STATUS);
}

static void posix_spawn_self(void)
{
    pid_t child;
    REQUIRE(posix_spawn(&child, self_path, NULL, NULL, child_argv, environ) == 0);
    wait_for(child, CHILD_STATUS);
}

static void system_shell(void)
{
    int status = system("exit 3");
    CHECK_FMT(WIFEXITED(status) && WEXITSTATUS(status) == 3, "status 0x%x", status);
}

static void popen_shell(void)
{
    char text[32] = "";
    FILE *pipe = popen("echo hello", "r");
    REQUIRE(pipe != NULL);
    CHECK(fgets(text, sizeof text, pipe) != NULL);
    CHECK_STR(text, "hello\n");
    CHECK_EQ(pclose(pipe), 0);
}

// _Fork (glibc 2.34, POSIX 2024) runs no handlers: the child may only make async-signal-safe
// calls, but the parent must go on as ever.
static void bare_fork(void)
{
    pid_t (*bare)(void) = (pid_t(*)(void))dlsym(RTLD_DEFAULT, "_Fork");
    if (!bare)
        return;
    pid_t child = bare();
    if (child == 0)
        _exit(CHILD_STATUS);
    wait_for(child, CHILD_STATUS);
}

static int run_parent(void)
{
    void (*const ways[])(void) = {vfork_and_exec, posix_spawn_self, system_shell, popen_shell,
                                  bare_fork};
    noise_start(3);
    for (int i = 0; i < TIMES; i++) {
        for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++)
            ways[way]();
        life_workload((uint64_t)i, 1);
    }
    noise_stop();
    return check_end();
}

int main(int argc, char **argv)
{
    check_begin();
    life_watchdog(90);
    if (argc > 1) {
        life_workload(1, 3);
        return check_failures ? check_end() : CHILD_STATUS;
    }
    self_path = realpath("/proc/self/exe", NULL);
    child_argv[0] = argv[0];
    REQUIRE(self_path != NULL);
    int code = run_parent();
    free(self_path);
    return code;
}
