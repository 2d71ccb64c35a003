// SPDX-License-Identifier: MIT
// The words for codes: there are some for every code that the headers name, and none is NULL.
#include "api.h"

int main(void)
{
    static const int named[] = {EINVAL, ERANGE,  ENOMEM, ENOSPC, EACCES,
                                EBUSY,  ENOTSUP, ESTALE, ENOENT, EIO};
    const char *unknown = bump_strerror(-99999);
    CHECK_STR(bump_strerror(0), "success");
    CHECK_STR(unknown, "unknown error");
    CHECK_STR(bump_strerror(EINVAL), unknown); // positive: not ours
    CHECK_STR(bump_strerror(-2147483647 - 1), unknown);
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        CHECK(strcmp(bump_strerror(-named[i]), unknown) != 0);
        CHECK_PTR(bump_strerror(-named[i]), bump_strerror(-named[i]));
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(bump_strerror(-named[i]), bump_strerror(-named[j])) != 0);
    }
    CHECK_STR(bump_version(), BUMP_VERSION);
    return check_end();
}
