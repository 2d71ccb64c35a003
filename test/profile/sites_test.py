#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Profile a program whose sites are known, and hold the profile to the truth.

Every site's allocated objects and bytes are estimated within 5 percent; what was freed has no live
bytes left, to the byte; stacks lead from the site to main, as the program's symbols say."""
import argparse
import bisect
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import pprof

TOLERANCE = 0.05
RATE = '16K'  # so many samples that chance stays well within the tolerance
SITE_CALLER = {'same_object': 'run_same_object', 'threads': 'thread_allocates'}


def symbols_of(program):
    """Sorted (offset, name): offsets in memory are those in the file for a linker's default."""
    text = subprocess.run(['nm', '--defined-only', program], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    rows = [line.split() for line in text.splitlines()]
    return sorted((int(row[0], 16), row[2]) for row in rows if row[1] in 'tT')


def names_of(profile, program, symbols):
    starts = [start for start, _ in symbols]
    names = {}
    for address, (file, offset) in pprof.file_offsets(profile):
        if os.path.realpath(file) == os.path.realpath(program):
            names[address] = symbols[bisect.bisect(starts, offset) - 1][1]
    return names


def run(args, environment):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'heap.pb.gz')
        variables = dict(os.environ, LD_PRELOAD=args.library, BUMPALLOC_PROFILE=path,
                         BUMPALLOC_PROFILE_RATE=RATE, **environment)
        text = subprocess.run([args.program], env=variables, check=True, text=True,
                              stdout=subprocess.PIPE, timeout=100).stdout
        return pprof.read(path), text


def by_site(profile, names):
    sums = {}
    for addresses, values in pprof.stacks(profile):
        stack = [names.get(address, '?') for address in addresses]
        of = sums.setdefault(stack[0], dict.fromkeys(values, 0))
        for name, value in values.items():
            of[name] += value
        sums[stack[0]].setdefault('stacks', []).append(stack)
    return sums


def compare(site, what, truth, estimate, failures):
    error = estimate / truth - 1 if truth else float(estimate != 0)
    print(f'{site:12} {what:14} {truth:>12} {estimate:>12} {100 * error:+6.2f}%')
    if abs(error) > TOLERANCE:
        failures.append(f'{site}: {what} off by {100 * error:.1f}%')


def check_site(line, sums, failures):
    _, site, *numbers = line.split()
    truth = dict(zip(('alloc_objects', 'alloc_space', 'inuse_objects', 'inuse_space'),
                     map(int, numbers)))
    for what, value in truth.items():
        compare(site, what, value, sums[site][what], failures)
    caller = SITE_CALLER.get(site)
    for stack in sums[site]['stacks']:
        if caller and caller not in stack:
            failures.append(f'{site}: {caller} is not on the stack {stack}')
        if site != 'threads' and 'main' not in stack:
            failures.append(f'{site}: main is not on the stack {stack}')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('program', help='test/profile/sites')
    parser.add_argument('--library', required=True, help='libbumpalloc.so')
    parser.add_argument('--set', action='append', default=[], metavar='NAME=VALUE',
                        help='an environment variable for the program')
    args = parser.parse_args()
    args.program = str(pathlib.Path(args.program).resolve())
    profile, text = run(args, dict(item.split('=', 1) for item in args.set))
    names = names_of(profile, args.program, symbols_of(args.program))
    sums = by_site(profile, names)
    failures = []
    for line in text.splitlines():
        check_site(line, sums, failures)
    peak = sum(values['peak_space'] for _, values in pprof.stacks(profile))
    live = sum(values['inuse_space'] for _, values in pprof.stacks(profile))
    if not peak >= live > 0:
        failures.append(f'peak {peak}, live {live}')
    print('\n'.join(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
