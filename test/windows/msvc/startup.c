// SPDX-License-Identifier: MIT
// A stand-in for Microsoft's startup object: the entry point, and what makes an image have
// thread-local storage and callbacks for it.
#include <windows.h>

// Objects that use floating point ask for it: the runtime has it wherever they are linked.
extern int _fltused;
int _fltused = 1;

// What Microsoft's startup objects ask for: the rest of the runtime that was chosen.
#if defined(ASKS_FOR_DLL)
#pragma comment(lib, "ucrt")
#else
#pragma comment(lib, "libucrt")
#endif
#pragma comment(lib, "kernel32")
#pragma comment(lib, "ntdll")

API void ExitProcess(unsigned status);
int main(void);

unsigned _tls_index;
__attribute__((section(".tls"))) char _tls_start;
__attribute__((section(".tls$ZZZ"))) char _tls_end;
__attribute__((section(".CRT$XLA"))) const PIMAGE_TLS_CALLBACK __xl_a;
__attribute__((section(".CRT$XLZ"))) const PIMAGE_TLS_CALLBACK __xl_z;

const struct {
    void *start, *end;
    unsigned *index;
    const PIMAGE_TLS_CALLBACK *callbacks;
    unsigned zero_bytes, characteristics;
} _tls_used = {&_tls_start, &_tls_end, &_tls_index, &__xl_a + 1, 0, 0};

// Code that clang-cl compiles looks after its stack frames (/GS).
extern size_t __security_cookie;
size_t __security_cookie = 0x2b992ddfa232;
void __security_check_cookie(size_t cookie);
void __security_check_cookie(size_t cookie)
{
    if (cookie != __security_cookie)
        ExitProcess(99);
}

int mainCRTStartup(void);
int mainCRTStartup(void)
{
    ExitProcess((unsigned)main());
    return 0;
}
