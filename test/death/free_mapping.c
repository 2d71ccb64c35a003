// SPDX-License-Identifier: MIT
// free of a mapping that is the program's, with nothing in front of it.
#include "crime.h"

#include <sys/mman.h>

int main(void)
{
    char *mapping =
        mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(mapping, 4096, PROT_NONE);
    free(crime(mapping + 4096));
    return 0;
}
