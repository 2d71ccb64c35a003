// SPDX-License-Identifier: MIT
// A crime in the child of a fork; the parent, whose object is whole, ends by the same signal.
#include "guarded.h"

#include <sys/wait.h>

int main(void)
{
    volatile char *object = object_at_end(BYTES);
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        object[BYTES] = 1;
        _exit(0);
    }
    waitpid(child, &status, 0);
    object_free((void *)(size_t)object);
    return raise(WIFSIGNALED(status) ? WTERMSIG(status) : SIGKILL);
}
