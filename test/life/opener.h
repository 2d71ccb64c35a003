// SPDX-License-Identifier: MIT
#ifndef LIFE_OPENER_H
#define LIFE_OPENER_H

// dlopen with RTLD_DEEPBIND; the handle, or NULL and dlerror says why.
void *open_deep(const char *name);

#endif
