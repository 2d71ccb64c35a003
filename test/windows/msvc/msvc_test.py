#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Link the library for the MSVC ABI against stand-ins for Microsoft's libraries, and run it.

clang compiles, lld-link links; the stand-ins are cut as Microsoft's libraries are: import libraries
for the runtime's DLL (/MD), objects with the X and X_base pairs for the static one (/MT). What must
work is run under wine; what must not work has to be a link error, not a mix of two heaps.
"""
import argparse
import pathlib
import subprocess
import sys
import unittest

import names

HERE = pathlib.Path(__file__).resolve().parent
SKIP = 77
# Functions whose twin stands in the same object: without the twin theirs is drawn in beside ours.
PAIRS = ('_msize_base', '_recalloc_base', '_expand_base')
TARGET = ['--target=x86_64-pc-windows-msvc', '-ffreestanding', '-std=c11', '-O2', '-Wall',
          '-Wextra', '-Werror', '-isystem', str(HERE / 'include')]


class Kit:
    """Compilers, and what they have made so far; filled by main."""

    def __init__(self, options):
        self.options = options
        self.out = pathlib.Path(options.out)
        self.out.mkdir(parents=True, exist_ok=True)

    def run(self, *command):
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def must(self, *command):
        status, said = self.run(*command)
        if status:
            raise AssertionError(f'{" ".join(map(str, command))}\n{said}')

    def compile(self, source, name, *flags):
        target = self.out / f'{name}.obj'
        root = self.options.root
        self.must(self.options.clang, *TARGET, '-I', root / 'src', '-I', root / 'include',
                  '-DBP_CHECKS=0', '-DBP_ARCHIVE=0', *flags, '-c', source, '-o', target)
        return target

    def archive(self, name, members):
        target = self.out / name
        self.must(self.options.lld, '/lib', f'/out:{target}', *members)
        return target

    def import_library(self, dll, exports):
        definition = self.out / f'{dll}.def'
        definition.write_text('\n'.join([f'LIBRARY {dll}.dll', 'EXPORTS', *exports]) + '\n')
        target = self.out / f'{dll}.lib'
        self.must(self.options.dlltool, '-d', definition, '-l', target)
        return target

    def link(self, name, *inputs):
        target = self.out / f'{name}.exe'
        status, said = self.run(self.options.lld, '/nodefaultlib', '/subsystem:console',
                                '/entry:mainCRTStartup', f'/out:{target}', *inputs)
        return status, said, target

    def wine(self, program):
        return self.run(*self.options.wine.split(), program)


KIT = None


class Msvc(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        sources = [pathlib.Path(source) for source in KIT.options.sources]
        cls.objects = [KIT.compile(source, f'lib_{source.parent.name}_{source.stem}')
                       for source in sources]
        cls.ours = KIT.archive('bumpalloc.lib', cls.objects)
        cls.startup = KIT.compile(HERE / 'startup.c', 'startup')
        parts = [KIT.compile(HERE / 'libucrt.c', f'part_{part}', f'-DPART_{part}', '-fno-builtin')
                 for part in names.PARTS]
        cls.stdio = [part for part in parts if part.stem in ('part_stdio',)]
        cls.static = KIT.archive('libucrt.lib', parts)
        cls.system = [KIT.import_library('kernel32', names.kernel()),
                      KIT.import_library('ntdll', names.STRINGS)]
        cls.dll = KIT.import_library('ucrtbase', names.RUNTIME)
        cls.md = KIT.compile(HERE / 'program.c', 'program_md', '-D_DLL')
        cls.mt = KIT.compile(HERE / 'program.c', 'program_mt')

    def runs(self, name, *inputs):
        status, said, program = KIT.link(name, self.startup, *inputs, *self.system)
        self.assertEqual(status, 0, said)
        return KIT.wine(program)

    def test_dll_runtime(self):
        status, said = self.runs('md', self.md, self.ours, *self.stdio, self.dll)
        self.assertEqual(status, 0, said)

    def test_static_runtime(self):
        status, said = self.runs('mt', self.mt, self.ours, self.static)
        self.assertEqual(status, 0, said)

    def kinds(self):
        return (('md', self.dll, self.md), ('mt', self.static, self.mt))

    def test_whole_archive(self):
        """Drawn in as a whole, a library in the wrong place cannot go unnoticed."""
        whole = f'/wholearchive:{self.ours}'
        for name, runtime, program in self.kinds():
            with self.subTest(name):
                status, said = self.runs(f'{name}_whole', program, whole, *self.stdio, runtime)
                self.assertEqual(status, 0, said)
                status, said, _ = KIT.link(f'{name}_late', self.startup, program, *self.stdio,
                                           runtime, whole, *self.system)
                self.assertNotEqual(status, 0)
                self.assertIn('duplicate symbol: malloc', said)

    def test_wrong_order_is_no_mix(self):
        """The library behind the runtime: an error, or everything is the runtime's."""
        for name, runtime, program in self.kinds():
            with self.subTest(name):
                status, said, linked = KIT.link(f'{name}_wrong', self.startup, program, *self.stdio,
                                                runtime, self.ours, *self.system)
                if status == 0:
                    self.assertEqual(KIT.wine(linked)[0], 2)
                else:
                    self.assertIn('error: ', said)

    def test_missing_twin_is_a_link_error(self):
        source = next(s for s in KIT.options.sources if s.endswith('windows_crt.c'))
        for twin in PAIRS:
            with self.subTest(twin):
                lacking = KIT.compile(source, f'lacks{twin}', f'-D{twin}=bump_unused')
                ours = [lacking if obj.stem == 'lib_interpose_windows_crt' else obj
                        for obj in self.objects]
                user = self.out_object(twin)
                status, said, _ = KIT.link(f'lacks{twin}', self.startup, self.mt, user, *ours,
                                           self.static, *self.system)
                self.assertNotEqual(status, 0)
                self.assertIn('duplicate symbol', said)

    @staticmethod
    def out_object(twin):
        """Something of the runtime's that calls the twin."""
        source = KIT.out / f'uses{twin}.c'
        source.write_text(f'void *{twin}(void);\nvoid *uses(void);\n'
                          f'void *uses(void) {{ return {twin}(); }}\n')
        return KIT.compile(source, f'uses{twin}', '-Wno-builtin-requires-header')

    def test_no_symbol_is_unknown(self):
        """All that the library needs: kernel32, and standard functions of the runtime."""
        status, said, _ = KIT.link('alone', self.startup, self.mt, *self.objects, *self.system)
        missing = {line.split()[-1] for line in said.splitlines() if 'undefined symbol' in line}
        self.assertNotEqual(status, 0)
        self.assertLessEqual(missing, {'abort', 'fprintf', 'fputs', 'fclose', 'fwrite',
                                       'vsnprintf', '__chkstk', '_errno', '__imp__errno',
                                       'crt_buffer'})


def main():
    global KIT
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--root', type=pathlib.Path, required=True)
    parser.add_argument('--clang', default='clang')
    parser.add_argument('--lld', default='lld-link')
    parser.add_argument('--dlltool', default='x86_64-w64-mingw32-dlltool')
    parser.add_argument('--wine', required=True)
    parser.add_argument('--out', required=True)
    parser.add_argument('sources', nargs='+')
    options = parser.parse_args()
    KIT = Kit(options)
    unittest.main(argv=[sys.argv[0], '-v'])


if __name__ == '__main__':
    main()
