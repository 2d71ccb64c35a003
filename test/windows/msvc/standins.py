# SPDX-License-Identifier: MIT
"""Stand-ins for Microsoft's libraries, under Microsoft's names, where clang-cl and lld-link look.

An object that was compiled with /MD asks for msvcrt.lib, one with /MT for libcmt.lib. These hold the
startup code and ask for the rest, here as there.
"""
import pathlib
import shutil
import subprocess

import names

HERE = pathlib.Path(__file__).resolve().parent
CROSS = '''[binaries]
c = 'clang-cl'
c_ld = 'lld-link'
ar = ['lld-link', '/lib']
[host_machine]
system = 'windows'
cpu_family = 'x86_64'
cpu = 'x86_64'
endian = 'little'
[properties]
needs_exe_wrapper = true
'''


class Standins:
    def __init__(self, options):
        self.path = pathlib.Path(options.out).resolve() / 'msvc-standins'
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        self.tools()
        self.environment = {'PATH': f'{self.path}:/usr/local/bin:/usr/bin:/bin',
                            'INCLUDE': str(HERE / 'include'), 'LIB': str(self.path)}
        self.libraries()

    def tools(self):
        """Debian's names end in a version, or stand in a folder of their own."""
        for name in ('clang-cl', 'lld-link'):
            found = shutil.which(name) or shutil.which('clang' if name == 'clang-cl' else f'{name}-14')
            if not found:
                raise SystemExit(f'{name} is not installed')
            # By its first name, a clang knows what it is to be.
            (self.path / name).symlink_to(pathlib.Path(found).resolve())

    def run(self, *words):
        done = subprocess.run([str(word) for word in words], cwd=self.path, env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise SystemExit(f'{" ".join(map(str, words))}\n{done.stdout}')

    def compile(self, source, name, *flags):
        target = f'{name}.obj'
        self.run('clang-cl', '/c', '/O2', '/Zl', '/clang:-ffreestanding', '/clang:-fno-builtin', *flags,
                 HERE / source, f'/Fo{target}')
        return target

    def archive(self, name, members):
        self.run('lld-link', '/lib', f'/out:{name}.lib', *members)

    def imports(self, name, dll, exports):
        (self.path / f'{name}.def').write_text('\n'.join([f'LIBRARY {dll}', 'EXPORTS', *exports]) + '\n')
        self.run('x86_64-w64-mingw32-dlltool', '-d', f'{name}.def', '-l', f'{name}.lib')

    def libraries(self):
        self.imports('kernel32', 'kernel32.dll', names.kernel())
        self.imports('ntdll', 'ntdll.dll', names.STRINGS)
        self.imports('ucrt', 'ucrtbase.dll', names.RUNTIME)
        parts = [self.compile('libucrt.c', f'part_{part}', f'/DPART_{part}')
                 for part in names.PARTS]
        self.archive('libucrt', parts)
        self.archive('oldnames', [self.compile('libucrt.c', 'oldnames')])
        stdio = ['part_stdio.obj']
        self.archive('msvcrt', [self.compile('startup.c', 'startup_md', '/DASKS_FOR_DLL'), *stdio])
        self.archive('libcmt', [self.compile('startup.c', 'startup_mt')])

    def cross_file(self):
        file = self.path / 'cross.ini'
        file.write_text(CROSS)
        return file
