# SPDX-License-Identifier: MIT
"""The workloads of test/bench at sizes that valgrind gets through in seconds: a few 100,000 calls
for counts, a few 10,000 for a trace. Not large_churn and growth-1G: what is above 32 KiB takes
another path under valgrind."""
import dataclasses
import os


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    program: str
    arguments: str  # {} stands for the amount of work
    amount: int
    brief: int  # for a trace
    about: str


def row(name, arguments, amount, brief, about):
    return Row(name, name.split('-')[0], arguments, amount, brief, about)


ROWS = (
    row('conveyor-64', '--size 64 --operations {}', 400000, 20000,
        'one thread allocates, one frees: 64 B'),
    row('conveyor', '--operations {}', 300000, 20000, 'the same, 16 B to 1 KiB'),
    row('prodcons-1to3', '--producers 1 --consumers 3 --messages {}', 300000, 20000,
        '1 thread allocates, 3 free'),
    row('prodcons-3to1', '--producers 3 --consumers 1 --messages {}', 300000, 20000,
        '3 threads allocate, 1 frees'),
    row('larson', '--generations 16 --turns {}', 1500, 100,
        'a server: threads that hand their objects on'),
    row('batch-random', '--order 2 --batches {}', 60, 4, 'batches of 5,000 freed in random order'),
    row('random_set', '--objects 20000 --turns {}', 300000, 20000,
        'random replacement of 20,000 objects'),
    row('steady', '--turns {}', 300000, 20000, 'a steady state of 8 B to 32 KiB'),
    row('realloc_growth', '--turns {}', 8000, 400, 'many vectors and strings that grow by realloc'),
    row('thread_churn', '--generations {}', 200, 20, 'threads that live for a moment'),
    row('false_sharing', '--mode 1 --writes 80 --rounds {}', 10000, 1000,
        'threads that free neighbours of one thread'),
    row('scale-2', '--threads 2 --turns {}', 300000, 20000, 'the same work by 2 threads'),
    row('scale-64', '--threads 64 --turns {}', 300000, 20000, 'and by 64'),
)


def command(wanted, build, brief=False):
    path = os.path.abspath(os.path.join(build, 'test', 'bench', wanted.program))
    if not os.path.exists(path):
        raise SystemExit(f'contention: {path} is not there: build with -Dtests=true, or say '
                         '--build DIR')
    amount = wanted.brief if brief else wanted.amount
    return [path, *wanted.arguments.format(amount).split()]
