// SPDX-License-Identifier: MIT
// What the library uses of macOS's dlfcn.h.
#ifndef MAC_DLFCN_H
#define MAC_DLFCN_H

#define RTLD_LAZY    1
#define RTLD_NOLOAD  0x10
#define RTLD_DEFAULT ((void *)-2)

void *dlsym(void *handle, const char *name);

#endif
