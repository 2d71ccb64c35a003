// SPDX-License-Identifier: MIT
// A process that has not allocated yet has no reservation; it can fork, and both sides then
// allocate as ever.
#include "../limits/maps.h"
#include "life.h"

#include <sys/wait.h>

#define TIB ((size_t)1 << 40)

static size_t address_bytes(void)
{
    return (size_t)maps_status_kib("VmSize") << 10;
}

static void allocate(int side)
{
    struct life_block blocks[LIFE_SIZE_COUNT];
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++)
        life_alloc(&blocks[i], life_sizes[i], (unsigned)side);
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++)
        life_free(&blocks[i]);
    life_workload((unsigned)side, 1);
    if (check_library())
        CHECK_FMT(address_bytes() > TIB, "%zu bytes with a reservation", address_bytes());
}

int main(void)
{
    life_watchdog(30);
    CHECK_FMT(address_bytes() < TIB, "%zu bytes before the first allocation", address_bytes());
    pid_t child = fork();
    REQUIRE(child >= 0);
    allocate(child ? 1 : 2);
    if (!child)
        _exit(check_end());
    int status;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    return check_end();
}
