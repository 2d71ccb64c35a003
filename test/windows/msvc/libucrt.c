// SPDX-License-Identifier: MIT
// A stand-in for Microsoft's static library, cut into objects as theirs is: compiled once for each
// object, with PART naming it. Where the real one holds a pair in one object, so does this.
#include <string.h>
#include <windows.h>

#define PART_IS(name) defined(PART_##name)
API void *HeapAlloc(HANDLE, DWORD, SIZE_T);
void *_malloc_base(size_t n_bytes);
void _free_base(void *pointer);
void *_calloc_base(size_t count, size_t n_bytes);
void *_realloc_base(void *pointer, size_t n_bytes);
size_t _msize_base(void *pointer);
void *malloc(size_t n_bytes);
void free(void *pointer);

#if PART_IS(malloc)
void *malloc(size_t n_bytes)
{
    return _malloc_base(n_bytes);
}
#elif PART_IS(malloc_base)
void *_malloc_base(size_t n_bytes)
{
    return HeapAlloc(GetProcessHeap(), 0, n_bytes);
}
#elif PART_IS(free)
void free(void *pointer)
{
    _free_base(pointer);
}
#elif PART_IS(free_base)
void _free_base(void *pointer)
{
    HeapFree(GetProcessHeap(), 0, pointer);
}
#elif PART_IS(calloc)
void *calloc(size_t count, size_t n_bytes)
{
    return _calloc_base(count, n_bytes);
}
#elif PART_IS(calloc_base)
void *_calloc_base(size_t count, size_t n_bytes)
{
    return HeapAlloc(GetProcessHeap(), 8, count * n_bytes);
}
#elif PART_IS(realloc)
void *realloc(void *pointer, size_t n_bytes)
{
    return _realloc_base(pointer, n_bytes);
}
#elif PART_IS(realloc_base)
void *_realloc_base(void *pointer, size_t n_bytes)
{
    return HeapReAlloc(GetProcessHeap(), 0, pointer, n_bytes);
}
#elif PART_IS(msize)
size_t _msize(void *pointer)
{
    return _msize_base(pointer);
}
size_t _msize_base(void *pointer)
{
    return HeapSize(GetProcessHeap(), 0, pointer);
}
#elif PART_IS(recalloc)
void *_recalloc_base(void *pointer, size_t count, size_t n_bytes)
{
    return HeapReAlloc(GetProcessHeap(), 8, pointer, count * n_bytes);
}
void *_recalloc(void *pointer, size_t count, size_t n_bytes)
{
    return _recalloc_base(pointer, count, n_bytes);
}
#elif PART_IS(expand)
void *_expand_base(void *pointer, size_t n_bytes)
{
    return HeapReAlloc(GetProcessHeap(), 0x10, pointer, n_bytes);
}
void *_expand(void *pointer, size_t n_bytes)
{
    return _expand_base(pointer, n_bytes);
}
#elif PART_IS(align)
void *_aligned_malloc(size_t n_bytes, size_t align)
{
    return align <= 16 ? malloc(n_bytes) : NULL;
}
void _aligned_free(void *pointer)
{
    free(pointer);
}
#elif PART_IS(strdup)
char *_strdup(const char *text)
{
    size_t n_bytes = strlen(text) + 1;
    return memcpy(malloc(n_bytes), text, n_bytes);
}
#elif PART_IS(internal)
// What stdio, locale and the like do: they name the twins.
void *crt_buffer(size_t n_bytes);
void *crt_buffer(size_t n_bytes)
{
    void *buffer = _malloc_base(n_bytes);
    return _msize_base(buffer) >= n_bytes ? buffer : NULL;
}
#elif PART_IS(errno)
int *_errno(void)
{
    static int number;
    return &number;
}
#elif PART_IS(stdio)
int fprintf(void *stream, const char *format, ...)
{
    (void)stream, (void)format;
    return -1;
}
int vsnprintf(char *text, size_t n_bytes, const char *format, char *arguments)
{
    (void)text, (void)n_bytes, (void)format, (void)arguments;
    return -1;
}
size_t fwrite(const void *bytes, size_t n_bytes, size_t count, void *stream)
{
    (void)bytes, (void)n_bytes, (void)count, (void)stream;
    return 0;
}
int fclose(void *stream)
{
    (void)stream;
    return -1;
}
int fputs(const char *text, void *stream)
{
    (void)text, (void)stream;
    return -1;
}
#elif PART_IS(abort)
API void ExitProcess(unsigned);
void abort(void)
{
    ExitProcess(3);
}
#endif
