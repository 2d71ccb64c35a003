// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header.
#pragma once
#include <stddef.h>
__declspec(noreturn) void abort(void);
