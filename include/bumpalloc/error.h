// SPDX-License-Identifier: MIT
// What went wrong, in words.
//
// Functions of this library that can fail return 0 or a negative errno code, or a pointer that is
// NULL. A failed call changes nothing: neither what it was given nor errno. Sizes are in bytes and
// 64 bits wide; every sum and product of sizes is checked, and what does not fit is an error.
//
// The codes in use: -EINVAL, an argument that no call could take; -ERANGE, beyond the maximum that
// was fixed at creation; -ENOMEM, the system has no memory or no addresses to give; -ENOSPC, the
// disk is full; -EACCES, the protection does not allow it; -EBUSY, in use already; -ENOTSUP, this
// system cannot; -ESTALE, a file-backed object that belongs to the process before fork. The system
// may add its own, for files above all (-ENOENT, -EIO).
#ifndef BUMPALLOC_ERROR_H
#define BUMPALLOC_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

// The words for a code that a function of this library returned: 0 or a negative errno code. A
// constant string in English, never NULL; a code that is not known is "unknown error". May be
// called from any thread, at any time, in signal handlers too.
const char *bump_strerror(int code);

#ifdef __cplusplus
}
#endif

#endif
