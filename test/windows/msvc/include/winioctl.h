// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header.
#pragma once
#define FSCTL_SET_SPARSE    0x900c4
#define FSCTL_SET_ZERO_DATA 0x980c8
