// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header.
#pragma once
#define FSCTL_SET_SPARSE 0x900c4
