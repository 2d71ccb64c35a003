#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is the order of fresh and of reused blocks random? order.py LIBRARY PROGRAM

PROGRAM (order.c) prints both orders. Within a run neither may be a sequence, up or down; runs may
not agree. A right library fails this less than once in 10^12 times:

In a random order of c blocks k given neighbours follow each other with chance (c-k)!/c!, so SOME of
n do with C(n, SOME) (c-SOME)!/c! at most: 1.2e-14 for 32 of 33, and 3.6e-14 for 64 of 64; times
two orders, two directions and the runs. Two runs agree if their 64-bit states do: 5.4e-20 a pair.
"""
import itertools
import os
import subprocess
import sys

RUNS = 8
SOME = 16  # steps to a neighbour, of 31 or 63
PLACE_BYTES = 208
ORDERS = {'fresh': (PLACE_BYTES, 64), 'reused': (1, 32)}  # step to the neighbour, blocks


def run(library, program):
    """The two orders of one run."""
    environment = os.environ | {'LD_PRELOAD': library}
    text = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=60,
                          check=True).stdout
    return dict(zip(ORDERS, ([int(word) for word in line.split()] for line in text.splitlines())))


def count_steps(order, step):
    return sum(after - before == step for before, after in itertools.pairwise(order))


def check_order(name, order):
    step, count = ORDERS[name]
    if len(order) != count or len(set(order)) != count:
        yield f'{name}: {count} different blocks expected: {order}'
    for direction in step, -step:
        if count_steps(order, direction) >= SOME:
            yield f'{name}: {count_steps(order, direction)} steps of {direction}: {order}'


def main():
    if sys.argv[1:] in ([], ['--help']):
        print(__doc__)
        return 0
    runs = [run(*sys.argv[1:]) for _ in range(RUNS)]
    failures = []
    for name in ORDERS:
        for orders in runs:
            failures += check_order(name, orders[name])
        if len({tuple(orders[name]) for orders in runs}) < RUNS:
            failures.append(f'{name}: two runs of {RUNS} agree')
    print('\n'.join(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
