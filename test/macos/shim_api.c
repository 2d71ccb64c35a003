// SPDX-License-Identifier: MIT
// The public functions of the dylib under their own names in the program. A jump through a pointer
// leaves all registers as they were, so none of their parameters needs to be known here.
#include "image.h"
#include "libsystem.h"

#include <stdlib.h>

#if defined(__aarch64__)
#define JUMP(name) "adrp x16, to_" #name "\n ldr x16, [x16, :lo12:to_" #name "]\n br x16\n"
#else
#define JUMP(name) "jmp *to_" #name "(%rip)\n"
#endif
#define NAME(name)                                                                                 \
    __attribute__((visibility("hidden"), used)) void *to_##name;                                   \
    __asm__(".text\n.globl " #name "\n.type " #name ", %function\n" #name ":\n" JUMP(name));
#include "api_names.def"
#undef NAME

#define NAME(name) {#name, &to_##name},
static const struct {
    const char *name;
    void **to;
} names[] = {
#include "api_names.def"
};

void shim_api_find(const struct image *image)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *names[i].to = image_symbol(image, names[i].name);
        if (!*names[i].to)
            abort();
    }
}
