// SPDX-License-Identifier: MIT
#include "bumpalloc/error.h"

#include "base/attr.h"
#include "os/os_codes.h"

#include <stddef.h>

static const struct {
    int code;
    char words[60];
} table[] = {
    {0, "success"},
    {-EINVAL, "invalid argument"},
    {-ERANGE, "beyond the maximum fixed at creation"},
    {-ENOMEM, "out of memory"},
    {-ENOSPC, "no space left on the disk"},
    {-EFBIG, "larger than files may be"},
    {-EACCES, "not allowed by the protection or by permissions"},
    {-EPERM, "operation not permitted"},
    {-EROFS, "read-only file system"},
    {-EBUSY, "in use already"},
    {-ENOTSUP, "not supported by this system"},
    {-ENOSYS, "not supported by this system"},
    {-ESTALE, "belongs to the process before fork"},
    {-ENOENT, "no such file or folder"},
    {-ENOTDIR, "not a folder"},
    {-EISDIR, "is a folder"},
    {-ENODEV, "not a file that can be mapped"},
    {-EMFILE, "too many open files in the process"},
    {-ENFILE, "too many open files in the system"},
    {-EIO, "input or output failed"},
    {-EDQUOT, "disk quota exceeded"},
    {-ENAMETOOLONG, "file name too long"},
    {-EEXIST, "exists already"},
    {-EAGAIN, "try again"},
    {-EFAULT, "bad address"},
    {-ETXTBSY, "the file is being executed"},
    {-ELOOP, "too many symbolic links"},
};

BP_EXPORT const char *bump_strerror(int code)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].code == code)
            return table[i].words;
    }
    return "unknown error";
}
