# SPDX-License-Identifier: MIT
"""Compilers and builds: objects made under the library equal those made without, bit for bit."""
import json
import os
import shlex
import shutil
import subprocess

import harness
import inputs
from cases import case, script

STL = script('stl.cpp')


def tree_copy(run):
    """The library's sources as they are when the test begins: both passes see the same."""
    copy = os.path.join(run.input, 'tree')
    if not os.path.exists(copy):
        os.mkdir(copy)
        for name in ('src', 'include', 'tools'):
            shutil.copytree(os.path.join(run.tools['source'], name), os.path.join(copy, name))
        for name in ('meson.build', 'meson_options.txt'):
            shutil.copy(os.path.join(run.tools['source'], name), copy)
    return copy


def compile_commands(run):
    """How the library's own build compiles the copy: only set up, once, without the library."""
    build = os.path.join(run.input, 'build')
    path = os.path.join(build, 'compile_commands.json')
    if not os.path.exists(path):
        done = subprocess.run(
            [harness.find_program('meson'), 'setup', build, tree_copy(run), '-Dtests=false', '-Dbuildtype=release'],
            env={**run.environment, 'LD_PRELOAD': '', 'CC': 'gcc'}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180, check=False)
        if done.returncode or not os.path.exists(path):
            raise harness.Broken('meson setup without the library:\n' + done.stdout)
    with open(path) as file:
        return json.load(file)


def portable_words(command):
    """The arguments that say how to compile: no program, no source, no outputs, no warnings."""
    kept, skip = [], False
    for word in shlex.split(command['command'])[1:]:
        if skip:
            skip = False
        elif word in ('-o', '-MF', '-MQ', '-MT'):
            skip = True
        elif word.startswith('-I'):
            kept.append('-I' + os.path.join(command['directory'], word[2:]))
        elif word not in ('-c', '-MD', '-MMD', command['file']) and not word.startswith('-W'):
            kept.append(word)
    return kept


def tree_units(run):
    """Name and arguments for each source of the library, as its own build compiles it. The secure
    library's own define what others do, too."""
    sources = os.path.join(tree_copy(run), 'src') + os.sep
    units = {}
    for command in compile_commands(run):
        path = os.path.realpath(os.path.join(command['directory'], command['file']))
        name = os.path.relpath(path, sources).replace(os.sep, '-')[:-2]
        if path.startswith(sources) and path.endswith('.c') and not name.startswith('secure-'):
            units.setdefault(name, (name, portable_words(command) + [path]))
    if len(units) < 5:
        raise harness.Broken(f'only {len(units)} sources found in compile_commands.json')
    return sorted(units.values())


def compile_tree(run, compiler, suffix, *flags):
    made = []
    for name, words in tree_units(run):
        made.append(name + suffix)
        run.cmd(compiler, *words, *flags, '-o', made[-1])
    return made


def compile_stl(run, compiler, *flags):
    run.cmd(compiler, '-std=c++17', *flags, '-c', '-o', 'stl.o', STL)
    run.cmd(compiler, '-pthread', '-o', 'stl', 'stl.o')
    run.cmd('stl', executable=run.work + '/stl', status=9)


@case('gcc', ['gcc', 'meson', 'ninja'])
def gcc(run):
    for helper in ('cc1', 'as', 'collect2', 'ld', 'lto1'):
        run.cc1('gcc', helper)
    compile_tree(run, 'gcc', '.o', '-O2', '-g', '-c')
    objects = compile_tree(run, 'gcc', '.lto.o', '-O1', '-c', '-flto', '-frandom-seed=tree')
    run.cmd('gcc', '-shared', '-O2', '-flto', '-frandom-seed=tree', '-s', '-o', 'tree.so', *objects)
    run.cmd('gcc', '-c', '-o', 'none.o', STL + '.missing', status=1)


@case('g++', ['g++'])
def gplusplus(run):
    for helper in ('cc1plus', 'as', 'collect2', 'ld'):
        run.cc1('g++', helper)
    compile_stl(run, 'g++', '-O1')
    run.cmd('g++', '-std=c++17', '-O0', '-E', '-o', 'stl.ii', STL)
    run.cmd('g++', '-fsyntax-only', '-x', 'c++', script('heap.bash'), status=1)


@case('clang', ['clang', 'clang++', 'gcc', 'meson', 'ninja'])
def clang(run):
    compile_tree(run, 'clang', '.o', '-O2', '-g', '-c', '-Qunused-arguments', '-w')
    compile_stl(run, 'clang++', '-O1')
    run.cmd('clang', '-fsyntax-only', '-x', 'c', script('heap.bash'), status=1)


def make_project(folder):
    os.mkdir(os.path.join(folder, 'project'))
    inputs.c_project(os.path.join(folder, 'project'), 60)


# Two jobs at a time end in any order.
@case('make', ['make', 'gcc', 'ar'], make_project, order_matters=False)
def make(run):
    run.cc1('gcc', 'cc1')
    run.cmd('cp', '-r', run.input + '/project', 'project')
    run.cmd('make', '-C', 'project', '-j2', 'CC=gcc', 'check', via=['gcc', 'ar'])
    run.cmd('make', '-C', 'project', '-j2', 'CC=gcc', '--output-sync', '-W', 'unit_7.c', 'check')
    run.cmd('make', '-C', 'project', '-s', 'list')
    run.cmd('make', '-C', 'project', 'CC=gcc')
    run.cmd('make', '-C', 'project', '-j2', '-k', 'CC=gcc', 'CFLAGS=-fno-such-flag', '-B', status=2)


# The timings in the logs and databases of meson and ninja are no result of the build.
@case('self-host', ['meson', 'ninja', 'gcc'], order_matters=False,
      ignore=['*/meson-logs/*', '*/meson-private/*', '*/.ninja_*'])
def self_host(run):
    """The library builds itself under its own preload."""
    run.cc1('gcc', 'cc1')
    run.cmd('meson', 'setup', 'build', tree_copy(run), '-Dtests=false', '-Dbuildtype=release',
            env={'CC': 'gcc'}, timeout=180)
    run.cmd('ninja', '-C', 'build', '-j2', via=['gcc'], timeout=300, env={'NINJA_STATUS': ''})
    run.cmd('sh', '-c', 'ls -l build/src/libbumpalloc.a build/src/libbumpalloc.so | cut -c1')
