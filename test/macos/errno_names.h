// SPDX-License-Identifier: MIT
// The public API answers by macOS's numbers when it is macOS's library: those that differ.
#ifndef MACOS_ERRNO_NAMES_H
#define MACOS_ERRNO_NAMES_H

#include <errno.h>

#undef ESTALE
#undef EOVERFLOW
#undef ENOTSUP
#undef EAGAIN
#undef ENAMETOOLONG
#define EAGAIN       35
#define ENOTSUP      45
#define ESTALE       70
#define ENAMETOOLONG 63
#define EOVERFLOW    84

#endif
