#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is the Mach-O library linked as dyld needs it? Usage: link_test.py OBJDUMP DYLIB

Every interposing tuple has a replacement (a rebase) and an original (a bind to libSystem), the names
are the untyped malloc family and the zone functions, all of them and no other, dyld's thread-locals
are not used, and nothing is needed but libSystem.
"""
import re
import subprocess
import sys
import unittest

NAMES = {
    '_malloc', '_calloc', '_realloc', '_reallocf', '_valloc', '_free', '_vfree', '_malloc_size',
    '_malloc_good_size', '_posix_memalign', '_aligned_alloc', '_strdup', '_strndup', '_realpath$DARWIN_EXTSN',
    '_malloc_default_zone', '_malloc_default_purgeable_zone', '_malloc_zone_malloc',
    '_malloc_zone_calloc', '_malloc_zone_valloc', '_malloc_zone_memalign', '_malloc_zone_realloc',
    '_malloc_zone_free', '_malloc_zone_from_ptr', '_malloc_zone_unregister'}
OBJDUMP, DYLIB = sys.argv[1:3]


def dump(*options):
    return subprocess.run([OBJDUMP, '--macho', *options, DYLIB], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


class Link(unittest.TestCase):
    def test_tuples(self):
        binds = {int(address, 16): (library, name) for address, library, name in re.findall(
            r'^__DATA\s+__interpose\s+(0x\w+)\s+pointer\s+\S+\s+(\S+)\s+(\S+)', dump('--bind'), re.M)}
        rebases = {int(address, 16) for address in re.findall(
            r'^__DATA\s+__interpose\s+(0x\w+)\s+pointer', dump('--rebase'), re.M)}
        self.assertEqual({name for _, name in binds.values()}, NAMES)
        self.assertEqual(len(binds), len(NAMES))
        self.assertEqual({library for library, _ in binds.values()}, {'libSystem'})
        self.assertEqual(rebases, {address - 8 for address in binds})

    def test_sections(self):
        headers = dump('--private-headers')
        self.assertRegex(headers, r'type S_INTERPOSING')
        self.assertNotRegex(headers, r'S_THREAD_LOCAL')
        self.assertNotIn('__thread_vars', headers)

    def test_libraries(self):
        names = re.findall(r'^\s+name (\S+)', dump('--private-headers'), re.M)
        self.assertEqual(names, ['@rpath/libbumpalloc.dylib', '/usr/lib/libSystem.B.dylib'])

    def test_exports(self):
        exports = dump('--exports-trie')
        for name in ('_bump_version', '_bump_owns', '_bump_purge', '_bump_region_open', '_bump_arena_create',
                     '_bump_stream_file', '_bump_stable_realloc', '_bump_large_alloc'):
            self.assertRegex(exports, r'\s' + name + r'\b')
        self.assertNotRegex(exports, r'\s_malloc\b')


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
