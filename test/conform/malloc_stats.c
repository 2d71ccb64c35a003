// SPDX-License-Identifier: MIT
// malloc_stats prints something with numbers in it to stderr, nothing to stdout.
#include "conform.h"

// What malloc_stats writes to the descriptor.
static ssize_t stats_written_to(int descriptor, char *ret_text, size_t n_bytes)
{
    int kept = dup(descriptor), file = memfd_create("stats", 0);
    REQUIRE(kept >= 0 && file >= 0 && dup2(file, descriptor) >= 0);
    malloc_stats();
    fflush(stdout);
    fflush(stderr);
    dup2(kept, descriptor);
    ssize_t n = pread(file, ret_text, n_bytes, 0);
    close(kept);
    close(file);
    return n;
}

static void goes_to_stderr(void)
{
    static char text[65536];
    void *p = malloc(MIB);
    ssize_t n = stats_written_to(STDERR_FILENO, text, sizeof text - 1);
    CHECK_FMT(n > 20, "%zd bytes", n);
    CHECK_NOT_NULL(strpbrk(text, "123456789"));
    CHECK(n > 0 && text[n - 1] == '\n');
    free(p);
}

static void not_to_stdout(void)
{
    static char text[16];
    CHECK_EQ(stats_written_to(STDOUT_FILENO, text, sizeof text), 0);
}

CHECK_MAIN(goes_to_stderr, not_to_stdout)
