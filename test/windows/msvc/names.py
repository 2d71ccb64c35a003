# SPDX-License-Identifier: MIT
"""What the stand-ins for Microsoft's libraries hold."""
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
STRINGS = ('memcpy memmove memset memcmp memchr strlen strcmp strncmp strchr strstr strspn strcspn '
           'wcslen __chkstk').split()
RUNTIME = ('malloc free calloc realloc _msize _recalloc _expand _aligned_malloc _aligned_free '
           '_strdup _wcsdup _getcwd _errno abort').split()
# The static runtime's objects: parts of libucrt.c.
PARTS = ('malloc malloc_base free free_base calloc calloc_base realloc realloc_base msize recalloc '
         'expand align strdup internal errno abort stdio').split()


def kernel():
    """The Windows functions that the stand-in header declares, and those that programs do."""
    text = (HERE / 'include/windows.h').read_text()
    more = 'ExitProcess HeapAlloc WaitForSingleObject K32QueryWorkingSetEx'.split()
    return re.findall(r'^API [^(]*?(\w+)\(', text, re.M) + more
