// SPDX-License-Identifier: MIT
// Thread-local words that malloc itself may use: BP_THREAD_LOCAL stands at the declaration and at
// the definition, and every use is BP_THREAD_LOCAL_AT(name), an lvalue.
// ELF: one register and one load (the initial-exec model). Windows: gcc's own __thread calls a
// function that calls malloc. So the word is put where the linker gathers what the loader copies
// for each thread (.tls, sorted by what follows the $), and its address is computed as Microsoft's
// compilers do: the thread's block for this image, plus the word's place in it.
// macOS: dyld's own thread-locals are allocated with malloc when first used. So the words stand in
// a section that serves as a template; each thread has a copy of it, which a pthread key finds.
#ifndef BP_OS_THREAD_LOCAL_H
#define BP_OS_THREAD_LOCAL_H

#if defined(_WIN32)

extern unsigned _tls_index; // of the image, by the C runtime

static inline char *bp_thread_block(void)
{
    char **blocks; // TEB: ThreadLocalStoragePointer
    __asm__("movq %%gs:0x58, %0" : "=r"(blocks));
    return blocks[_tls_index];
}

#define BP_THREAD_LOCAL __attribute__((section(".tls$BUMP")))
#define BP_THREAD_LOCAL_AT(name)                                                                   \
    (*__extension__({                                                                              \
        __typeof__(&(name)) at_;                                                                   \
        __asm__("leaq " #name "@secrel32(%1), %0" : "=r"(at_) : "r"(bp_thread_block()));           \
        at_;                                                                                       \
    }))

#elif defined(__APPLE__)

extern char bp_thread_template[] __asm__("section$start$__DATA$__bp_thread");
// The calling thread's copy of the template; made if there is none yet.
char *bp_os_thread_block(void);

#define BP_THREAD_LOCAL __attribute__((section("__DATA,__bp_thread")))
#define BP_THREAD_LOCAL_AT(name)                                                                   \
    (*(__typeof__(&(name)))(void *)(bp_os_thread_block() + ((char *)&(name)-bp_thread_template)))

#else

#define BP_THREAD_LOCAL          __thread
#define BP_THREAD_LOCAL_AT(name) name

#endif

#endif
