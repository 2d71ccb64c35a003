// SPDX-License-Identifier: MIT
// /MD or /MT: whether the runtime's functions are called through import pointers.
#pragma once
#if defined(DLL_RUNTIME)
#define RUNTIME __declspec(dllimport)
#else
#define RUNTIME
#endif
