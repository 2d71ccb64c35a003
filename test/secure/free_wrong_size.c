// SPDX-License-Identifier: MIT
// A small block, freed as something larger by free_sized (C23; glibc 2.36 has none to link with).
#include "crime.h"

int main(void)
{
    union {
        void *address;
        void (*call)(void *, size_t);
    } sized = {dlsym(RTLD_DEFAULT, "free_sized")};
    void *p = malloc(1);
    if (sized.address)
        sized.call(crime(p), 72);
    return 0;
}
