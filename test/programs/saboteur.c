// SPDX-License-Identifier: MIT
// A library under test that does what BUMPALLOC_SABOTAGE names: the runner must notice each.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
void *malloc(size_t size);

void *malloc(size_t size)
{
    return __libc_malloc(size);
}

static void say(int fd)
{
    if (write(fd, "sabotage\n", 9) != 9)
        _exit(125);
}

static void leave_file(void)
{
    int fd = open("left-behind", O_WRONLY | O_CREAT | O_TRUNC, 0666);

    if (fd >= 0)
        close(fd);
}

__attribute__((constructor)) static void sabotage(void)
{
    const char *deed = getenv("BUMPALLOC_SABOTAGE");

    if (deed == NULL)
        return;
    if (strcmp(deed, "stderr") == 0)
        say(STDERR_FILENO);
    if (strcmp(deed, "stdout") == 0)
        say(STDOUT_FILENO);
    if (strcmp(deed, "file") == 0)
        leave_file();
    if (strcmp(deed, "status") == 0)
        _exit(42);
    if (strcmp(deed, "crash") == 0)
        abort();
}
