# SPDX-License-Identifier: MIT
"""The workloads of test/bench, by name: what each shows, and how it is called."""
import os
import shutil
import sys
from dataclasses import dataclass

from . import UsageError


@dataclass
class Workload:
    name: str
    program: str
    arguments: tuple
    memory: bool  # worth watching over time
    about: str


MEMORY = (
    Workload('idle-100', 'idle', ('--size', '100', '--order', '2'), True,
             '4 threads free 256 MiB of 100 B in random order, then rest'),
    Workload('idle-4000', 'idle', ('--size', '4000', '--order', '2'), True, 'the same, 4,000 B'),
    Workload('idle-200k', 'idle', ('--size', '200000', '--order', '1'), True,
             'the same, 200 kB, freed by another thread'),
    Workload('idle-8M', 'idle', ('--size', '8000000', '--order', '0'), True,
             'the same, 8 MB, freed by the owners'),
    Workload('breathe-100', 'breathe', ('--size', '100'), True, '256 MiB of 100 B every 100 ms'),
    Workload('breathe-4000', 'breathe', ('--size', '4000'), True, 'the same, 4,000 B'),
    Workload('breathe-200k', 'breathe', ('--size', '200000'), True, 'the same, 200 kB'),
    Workload('phases', 'phases', (), True, 'phases with other sizes each'),
    Workload('survivors', 'survivors', (), True, 'survivors 1:100 among short-lived objects'),
    Workload('kv_cache', 'kv_cache', (), True, 'a cache whose values change their sizes'),
    Workload('grow_shrink', 'grow_shrink', (), True, 'thread counts that grow and shrink'),
    Workload('conveyor', 'conveyor', (), True, 'one thread allocates, another frees'),
    Workload('python-web', 'web.py', ('python3',), True, 'a web-like loop in Python'),
    Workload('ruby-web', 'web.rb', ('ruby',), True, 'a web-like loop in Ruby'),
    Workload('clang-200', 'compile.py', ('python3', 'clang++'), True,
             '200 units of C++ in one clang process'),
)

TIME = (
    Workload('larson', 'larson', (), False, 'a server: threads that hand their objects on'),
    Workload('prodcons-1to3', 'prodcons', ('--producers', '1', '--consumers', '3'), False,
             '1 thread allocates, 3 free'),
    Workload('prodcons-3to1', 'prodcons', ('--producers', '3', '--consumers', '1'), False,
             '3 threads allocate, 1 frees'),
    Workload('batch-lifo', 'batch', ('--order', '0'), False, 'batches freed last first'),
    Workload('batch-fifo', 'batch', ('--order', '1'), False, 'batches freed first first'),
    Workload('batch-random', 'batch', ('--order', '2'), False, 'batches freed in random order'),
    Workload('random_set', 'random_set', (), False, 'random replacement of 100,000 small objects'),
    Workload('growth-many', 'realloc_growth', ('--mode', '0'), False,
             'many vectors and strings that grow by realloc'),
    Workload('growth-1G', 'realloc_growth', ('--mode', '1'), False,
             'one vector from 1 KiB to 1 GiB by realloc'),
    Workload('large_churn', 'large_churn', (), False, '20 blocks of 5 to 25 MiB, replaced at random'),
    Workload('thread_churn', 'thread_churn', (), False, 'threads that live for a moment'),
    Workload('false_sharing-active', 'false_sharing', ('--mode', '0'), False,
             'threads that write to fresh small blocks'),
    Workload('false_sharing-passive', 'false_sharing', ('--mode', '1'), False,
             'the same, after freeing neighbours of one thread'),
    Workload('steady', 'steady', (), False, 'a steady state of 8 B to 32 KiB'),
    *(Workload(f'scale-{n}', 'scale', ('--threads', str(n)), False,
               f'the same work by {n} thread{"s" if n > 1 else ""}') for n in (1, 2, 4, 16, 64)),
)

WORKLOADS = (*MEMORY, *TIME)

SCRIPTS = os.path.join(os.path.dirname(__file__), '..', '..', 'test', 'bench')


def missing(workload):
    """What a script needs that is not installed, or None; its arguments say what that is."""
    if '.' in workload.program:
        for program in workload.arguments:
            if not shutil.which(program):
                return program
    return None


def command(workload, build, quick):
    if '.' in workload.program:
        script = os.path.abspath(os.path.join(SCRIPTS, workload.program))
        program = workload.arguments[0]
        program = sys.executable if program == 'python3' else program
        return [program, script, *(['--quick'] if quick else [])]
    path = os.path.abspath(os.path.join(build, 'test', 'bench', workload.program))
    if not os.path.exists(path):
        raise UsageError(f'{path} is not there: build with -Dtests=true, or say --build DIR')
    return [path, *workload.arguments, *(['--quick'] if quick else [])]
