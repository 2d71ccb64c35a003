#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs pair_bench under several allocators, alternating, and prints the medians as a table.

The allocators take turns in every round, so that a slow minute of the machine hits all of them.
The C library, our library and the peers that the machine has are measured; --lib adds more."""
import argparse
import json
import os
import statistics
import subprocess
import sys

PEERS = [  # name, soname: as Debian packages them
    ('mimalloc', 'libmimalloc.so.2'),
    ('jemalloc', 'libjemalloc.so.2'),
    ('tcmalloc_minimal', 'libtcmalloc_minimal.so.4'),
]
ROWS = {
    'same': 'same object',
    'batch': 'batches of 1000, mixed sizes',
    'random': 'random, working set of 100,000',
    'mixed64k': 'mixed <= 64 KiB',
    'mixed1m': 'mixed <= 1.1 MiB',
    'large': 'same object, 100 KiB to 1.1 MiB',
}
UNASKED = [row for row in ROWS if row != 'large']


def installed_libraries():
    """soname -> path, as the dynamic linker's cache has it."""
    libraries = {}
    for ldconfig in ('ldconfig', '/sbin/ldconfig'):
        try:
            text = subprocess.run([ldconfig, '-p'], capture_output=True, text=True).stdout
        except FileNotFoundError:
            continue
        for line in text.splitlines():
            name, arrow, path = line.strip().partition(' => ')
            if arrow and ('x86-64' in name or 'AArch64' in name):
                libraries.setdefault(name.split()[0], path)
        break
    return libraries


def allocators(options):
    """Name -> path to preload; the C library's is None."""
    chosen = {'glibc': None}
    if options.ours:
        chosen['bumpalloc'] = os.path.abspath(options.ours)
    if not options.no_peers:
        libraries = installed_libraries()
        for name, soname in PEERS:
            if soname in libraries:
                chosen[name] = libraries[soname]
            else:
                print(f'{name}: {soname} is not installed, left out', file=sys.stderr)
    for extra in options.lib:
        name, equals, path = extra.partition('=')
        if not equals or not os.path.exists(path):
            sys.exit(f'pairs.py: --lib wants NAME=PATH of a file that exists, not {extra}')
        chosen[name] = os.path.abspath(path)
    return chosen


def run_once(options, name, path):
    """One process under one allocator: row -> ns."""
    env = {k: v for k, v in os.environ.items() if k not in ('LD_PRELOAD', 'MALLOC_PERTURB_')}
    if path:
        env['LD_PRELOAD'] = path
    command = [options.bench, '--json', '--ms', str(options.ms), '--rows', options.rows]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f'pairs.py: {name}: exit status {done.returncode}\n{done.stderr}')
    answer = json.loads(done.stdout)
    # The dynamic linker goes on without a library that it cannot preload.
    if path and os.path.realpath(answer['malloc']) != os.path.realpath(path):
        sys.exit(f'pairs.py: {name}: malloc came from {answer["malloc"]}, not from {path}')
    return answer['ns']


def run_rounds(options, chosen):
    """Name -> row -> median ns."""
    samples = {name: {} for name in chosen}
    for number in range(options.rounds):
        names = list(chosen)
        shift = number % len(names)  # nobody always runs first
        for name in names[shift:] + names[:shift]:
            for row, ns in run_once(options, name, chosen[name]).items():
                samples[name].setdefault(row, []).append(ns)
    return {name: {row: statistics.median(ns) for row, ns in rows.items()}
            for name, rows in samples.items()}


def print_table(medians):
    """ns, and in brackets the ratio to the row's best, which is starred."""
    names = list(medians)
    width = max(17, max(len(name) for name in names) + 1)
    print('ns per malloc + free'.ljust(32) + ''.join(name.rjust(width) for name in names))
    for row in next(iter(medians.values())):
        best = min(medians[name][row] for name in names)
        cells = ''
        for name in names:
            ns = medians[name][row]
            star = '*' if ns == best else ' '
            cells += f'{star}{ns:.2f} ({ns / best:.2f}x)'.rjust(width)
        print(ROWS.get(row, row).ljust(32) + cells)


def print_verdict(medians):
    if 'bumpalloc' not in medians:
        return
    ours = medians['bumpalloc']
    ahead = sum(all(ours[row] < other[row] for name, other in medians.items()
                    if name != 'bumpalloc') for row in ours)
    print(f'bumpalloc is ahead of all others in {ahead} of {len(ours)} rows')
    if 'same' in ours and 'large' in ours:
        ratios = (f'{name} {of["large"] / of["same"]:.2f}' for name, of in medians.items())
        print(f'large over small: {", ".join(ratios)}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--bench', required=True, help='the pair_bench program')
    parser.add_argument('--ours', help='libbumpalloc.so')
    parser.add_argument('--lib', action='append', default=[], metavar='NAME=PATH',
                        help='one more allocator; may be repeated')
    parser.add_argument('--no-peers', action='store_true', help='only glibc, ours and --lib')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--ms', type=int, default=200, help='duration of one row in one round')
    parser.add_argument('--rows', default=','.join(UNASKED), metavar='ROW,...',
                        help=f'all, or some of {", ".join(ROWS)} (%(default)s)')
    parser.add_argument('--json', metavar='FILE', help='write the medians to FILE as well')
    options = parser.parse_args()
    for row in options.rows.split(','):
        if row not in ROWS and options.rows != 'all':
            parser.error(f'no such row: {row}')
    medians = run_rounds(options, allocators(options))
    print_table(medians)
    print_verdict(medians)
    if options.json:
        with open(options.json, 'w', encoding='utf-8') as file:
            json.dump(medians, file, indent=2)


if __name__ == '__main__':
    main()
