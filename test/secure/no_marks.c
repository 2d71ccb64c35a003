// SPDX-License-Identifier: MIT
// Runs a program on a kernel that has no guard marks, as before Linux 6.13: no_marks PROGRAM
// ARGS...
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { GUARD_INSTALL = 102, GUARD_REMOVE = 103, SKIP = 77 };

#define LOAD(field)        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define RETURN(value)      BPF_STMT(BPF_RET | BPF_K, value)

int main(int argc, char **argv)
{
    struct sock_filter filter[] = {
        LOAD(nr),
        IF(SYS_madvise, 0, 4),
        LOAD(args[2]),
        IF(GUARD_INSTALL, 1, 0),
        IF(GUARD_REMOVE, 0, 1),
        RETURN(SECCOMP_RET_ERRNO | EINVAL),
        RETURN(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        return SKIP;
    if (argc > 1)
        execv(argv[1], argv + 1);
    perror(argv[argc > 1]);
    return 1;
}
