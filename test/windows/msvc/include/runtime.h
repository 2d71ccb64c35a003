// SPDX-License-Identifier: MIT
// /MD or /MT: whether the runtime's functions are called through import pointers.
#pragma once
#if defined(_DLL)
#define RUNTIME __declspec(dllimport)
#else
#define RUNTIME
#endif
