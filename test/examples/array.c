// SPDX-License-Identifier: MIT
// An array that grows to a million items and is never moved: pointers into it stay valid, so items
// may refer to each other by address from the start.
#include <bumpalloc/bumpalloc.h>
#include <stdint.h>
#include <stdio.h>

struct person {
    struct person *mother;
    uint32_t number, children;
};

int main(void)
{
    struct bump_region region = {0};
    int code = bump_region_create(&region, (size_t)1 << 40, BUMP_PROT_READ_WRITE, 0);
    if (code) {
        printf("cannot reserve: %s\n", bump_strerror(code));
        return 1;
    }
    struct person *people = bump_region_base(&region);
    const uint32_t count = 1000000;
    for (uint32_t i = 0; i < count; i++) {
        if (bump_region_resize(&region, (i + 1) * sizeof *people))
            return 1;
        people[i].number = i;
        people[i].mother = i ? &people[(i - 1) / 2] : NULL;
        if (i)
            people[i].mother->children++;
    }
    for (uint32_t i = 1; i < count; i++) {
        const struct person *mother = people[i].mother;
        if (mother->number != (i - 1) / 2 || mother->children > 2)
            return 1;
    }
    printf("%u people in %zu MiB, none moved\n", count, bump_region_size(&region) >> 20);
    return bump_region_destroy(&region) ? 1 : 0;
}
