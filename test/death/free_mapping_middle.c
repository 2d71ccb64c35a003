// SPDX-License-Identifier: MIT
// free of the middle of a mapping that is the program's: the allocator behind us gets it and says
// so.
#include "crime.h"

#include <sys/mman.h>

int main(void)
{
    char *mapping =
        mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    free(crime(mapping + 4096));
    return 0;
}
