// SPDX-License-Identifier: MIT
// bump_stable in the shape of realloc: the only function of the public API that sets errno.
#include "base/attr.h"
#include "bumpalloc/stable.h"

#include <errno.h>

static void *failed(int code)
{
    errno = -code;
    return NULL;
}

BP_EXPORT void *bump_stable_realloc(void *object, size_t n_bytes)
{
    if (!object && n_bytes) {
        object = bump_stable_alloc(n_bytes, 0);
        return object ? object
                      : failed(n_bytes > BUMP_STABLE_DEFAULT_MAX_BYTES ? -ERANGE : -ENOMEM);
    }
    int code = n_bytes ? bump_stable_resize(object, n_bytes) : bump_stable_free(object);
    if (code)
        return failed(code);
    return n_bytes ? object : NULL;
}
