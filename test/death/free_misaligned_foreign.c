// SPDX-License-Identifier: MIT
// free of a pointer into a block of the C library's own, not aligned as its blocks are.
#include "crime.h"

int main(void)
{
    void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(dlopen("libc.so.6", RTLD_NOW), "malloc");
    free(crime((char *)allocate(100) + 8));
    return 0;
}
