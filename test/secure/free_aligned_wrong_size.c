// SPDX-License-Identifier: MIT
// A large block, freed as something a byte smaller by free_aligned_sized.
#include "crime.h"

int main(void)
{
    union {
        void *address;
        void (*call)(void *, size_t, size_t);
    } sized = {dlsym(RTLD_DEFAULT, "free_aligned_sized")};
    void *p = aligned_alloc(64, 100032);
    if (sized.address)
        sized.call(crime(p), 64, 100031);
    return 0;
}
