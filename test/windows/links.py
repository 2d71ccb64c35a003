#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Link a program in one of the ways that bumpalloc-windows.7 shows, by the page's own lines, and run it.

The lines are run as they stand, in a folder in which build/ and include/ are what the page assumes.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

SKIP = 77
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGE = ROOT / 'include/man/bumpalloc-windows.7'
TOOLCHAIN = ROOT / 'tools/cross/windows.cmake'
# Kinds of threads and runtimes, with the tests that are run so; for two of these tools/check builds all.
FLAVOURS = {('win32', 'msvcrt'): [], ('posix', 'ucrt'): [],
            ('win32', 'ucrt'): ['family.c', 'foreign.c', 'threads.c', 'cxx.cc'],
            ('posix', 'msvcrt'): ['foreign.c', 'threads.c', 'cxx.cc']}


def examples(page):
    """The page's examples, comments taken off, by the line before each or the heading of its item."""
    found, title = {}, None
    lines = iter(page.read_text().replace('\\-', '-').splitlines())
    for line in lines:
        if line == '.EX':
            example = [re.sub(r'\s+#.*', '', row) for row in iter(lambda: next(lines), '.EE')]
            found[title.rstrip(':')] = example
        else:
            title = line
    return found


def wanted(title):
    found = [lines for name, lines in examples(PAGE).items() if name.startswith(title)]
    if len(found) != 1 or not found[0]:
        raise SystemExit(f'{PAGE.name} has {len(found)} examples for "{title}"')
    return found[0]


def needs(*tools):
    for tool in tools:
        if not shutil.which(tool):
            print(f'{tool} is not installed')
            sys.exit(SKIP)


def run(command, folder, **environment):
    """A line of a page, or words; what it says is shown if it fails."""
    done = subprocess.run(command, shell=isinstance(command, str), cwd=folder,
                          env={**os.environ, **environment}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='replace', check=False,
                          timeout=600)
    print(f'$ {command if isinstance(command, str) else " ".join(map(str, command))}')
    if done.returncode:
        raise SystemExit(f'{done.stdout[-4000:]}\nstatus {done.returncode}')
    return done.stdout


class Folder:
    """A program's folder: its source, and what the page's lines find beside it."""

    def __init__(self, options, name):
        self.options = options
        self.path = pathlib.Path(options.out).resolve() / name
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        for suffix in ('.c', '.cc'):
            shutil.copy(HERE / f'linked{suffix}', self.path / f'main{suffix}')
        self.link('include', ROOT / 'include')

    def link(self, name, target):
        (self.path / name).parent.mkdir(exist_ok=True)
        (self.path / name).symlink_to(target)

    def built(self):
        """build/ is the one that this test belongs to."""
        self.link('build', pathlib.Path(self.options.build).resolve())
        return self

    def execute(self, program='main.exe'):
        print(run([*self.options.wine.split(), program], self.path, BUMP_TEST_EXPECT='1'))


def mingw(options):
    folder = Folder(options, 'mingw').built()
    for line in wanted('mingw'):
        run(line, folder.path)
    folder.execute()


def clang(options):
    needs('clang')
    folder = Folder(options, 'clang').built()
    for line in wanted('clang,'):
        run(line, folder.path)
    folder.execute()


def cmake(options):
    needs('cmake', 'make')
    folder = Folder(options, 'cmake').built()
    text = ['cmake_minimum_required(VERSION 3.13)', 'project(main CXX)',
            'add_executable(main main.cc)', *wanted('CMake')]
    (folder.path / 'CMakeLists.txt').write_text('\n'.join(text) + '\n')
    run(['cmake', '-S', '.', '-B', 'out', f'-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}',
         f'-DDIR={folder.path}/build/src'], folder.path)
    run(['cmake', '--build', 'out'], folder.path)
    folder.execute('out/main.exe')


def meson(options):
    """The library as a subproject, compiled with the program."""
    needs('meson')
    folder = Folder(options, 'meson')
    folder.link('subprojects/libbumpalloc', ROOT)
    text = ["project('main', 'cpp', default_options: ['cpp_std=c++17'])", *wanted('meson')]
    (folder.path / 'meson.build').write_text('\n'.join(text) + '\n')
    setup = next(line for line in wanted('Cross, from Debian') if line.startswith('meson setup'))
    setup = setup.replace('tools/cross', f'{ROOT}/tools/cross')
    run(f'{setup} -Doptimization=0', folder.path)
    run('ninja -C build -j 2 main.exe', folder.path)
    folder.execute('build/main.exe')


def flavours(options):
    """The same archive in programs of either runtime and either kind of threads."""
    for (threads, runtime), sources in FLAVOURS.items():
        folder = Folder(options, f'{threads}-{runtime}').built()
        compiler = f'x86_64-w64-mingw32-g++-{threads}'
        needs(compiler)
        flags = ucrt_flags(compiler, folder.path) if runtime == 'ucrt' else ''
        line = wanted('mingw')[0].replace('x86_64-w64-mingw32-g++', f'{compiler} {flags}')
        run(line, folder.path)
        folder.execute()
        for source in sources:
            build_flavoured(folder, line, source)


def ucrt_flags(compiler, folder):
    """Its specs with the UCRT in place of msvcrt; setjmp as tools/check_windows.sh has it."""
    specs = run([compiler, '-dumpspecs'], folder).replace('-lmsvcrt', '-lucrt')
    (folder / 'ucrt.specs').write_text(specs)
    return (f'-specs={folder}/ucrt.specs -D_UCRT '
            '-Wl,--defsym,_setjmp=__intrinsic_setjmpex,-u,__intrinsic_setjmpex')


def build_flavoured(folder, line, source):
    """A test's source by the same line; C by the C compiler."""
    flags = (f'-O1 -fno-builtin -D_WIN32_WINNT=0x0602 -D__USE_MINGW_ANSI_STDIO=1 -DCHECK_STATIC '
             f'-DBP_CHECKS=0 -I{ROOT}/test/support -I{ROOT}/src -I{ROOT}/include')
    program = f'{source.split(".")[0]}.exe'
    line = line.replace('main.cc', f'{flags} {HERE / source}').replace('main.exe', program)
    if source.endswith('.c'):
        line = line.replace('g++', 'gcc')
    run(line, folder.path)
    folder.execute(program)


def msvc(options):
    """clang-cl and lld-link, with stand-ins for Microsoft's libraries where LIB points to."""
    needs('clang', 'lld-link', 'meson')
    from standins import Standins  # beside what it stands for
    standins = Standins(options)
    build = pathlib.Path(options.out).resolve() / 'msvc-build'
    shutil.rmtree(build, ignore_errors=True)
    setup, ninja = wanted('the library uses GNU extensions')
    setup = setup.replace(' build', f' {build} {ROOT} --cross-file {standins.cross_file()}')
    run(setup.replace('-D', '-Dtests=false -D', 1), options.out, **standins.environment)
    run(ninja.replace(' build', f' {build}'), options.out, **standins.environment)
    compile_line, link_line = wanted('MSVC ABI')
    for runtime in ('/MD', '/MT'):
        folder = Folder(options, f'msvc{runtime.replace("/", "-")}')
        folder.link('build', build)
        shutil.copy(HERE / 'msvc/program.c', folder.path / 'main.c')
        run(compile_line.replace('/MD', runtime), folder.path, **standins.environment)
        run(link_line, folder.path, **standins.environment)
        folder.execute()


WAYS = {'mingw': mingw, 'clang': clang, 'cmake': cmake, 'meson': meson, 'flavours': flavours,
        'msvc': msvc}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('way', choices=WAYS)
    for name in ('--build', '--wine', '--out'):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    pathlib.Path(options.out).mkdir(parents=True, exist_ok=True)
    # Meson gives tests a search path on which the cross assembler is called `as`.
    os.environ['PATH'] = '/usr/local/bin:/usr/bin:/bin'
    WAYS[options.way](options)


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(HERE / 'msvc'))
    main()
