#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where do the reservation and its first block stand? places.py LIBRARY PROGRAM random|fixed

PROGRAM (places.c) is run 16 times. `random`: the reservation begins elsewhere, and the arena area
elsewhere in it, as SECURITY.md says: at one of 2^15 places, and at one of 256. `fixed`: where the
system's randomisation is switched off for the process, as debuggers do, both are the same in all
runs; so is the first block itself, if the library draws none at random.

How many different places must be seen is the least number that a right library misses with a
chance below 10^-10: that r runs see d of n places or fewer has chance C(n, d) (d / n)^r at most.
"""
import ctypes
import itertools
import math
import os
import re
import subprocess
import sys

RUNS = 16
CHANCE = 1e-10
SKIP = 77
MIB = 2**20
RESERVATION_BYTES = 2**44
BASES = 31 * 2**10  # multiples of 1 GiB in the 31 TiB that 16 TiB can be moved in
GAPS = 256          # of 2 MiB
ADDR_NO_RANDOMIZE = 0x40000


def places_needed(places):
    return next(d + 1 for d in itertools.count(1)
                if math.comb(places, d + 1) * ((d + 1) / places) ** RUNS >= CHANCE)


def run(library, program):
    """Address of the first block, and [(begin, end)] of what is mapped without a file."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith('BUMPALLOC_')} | {'LD_PRELOAD': library}
    text = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=60,
                          check=True).stdout
    first, maps = text.split('\n', 1)
    rows = re.findall(r'^(\w+)-(\w+) \S+ \w+ \S+ 0 *(?:\[anon.*)?$', maps, re.M)
    return int(first, 16), [(int(low, 16), int(high, 16)) for low, high in rows]


def reservation_around(address, rows):
    """Begin and bytes of the mappings without a gap that the address lies in."""
    begin = end = None
    for low, high in rows:
        if low != end:
            if begin is not None and begin <= address < end:
                break
            begin = low
        end = high
    return begin, end - begin


def look(library, program):
    """(base, first block) of RUNS processes."""
    found = []
    for _ in range(RUNS):
        first, rows = run(library, program)
        base, n_bytes = reservation_around(first, rows)
        if not base <= first < base + n_bytes or n_bytes < RESERVATION_BYTES:
            sys.exit(f'{first:#x} is not in a reservation: {n_bytes:#x} bytes at {base:#x}')
        found.append((base, first, n_bytes))
    return found


def check_random(found):
    for name, places, seen in (
            ('reservation', BASES, {base for base, _, _ in found}),
            ('first block in it', GAPS, {(first - base) // (2 * MIB) for base, first, _ in found})):
        print(f'{name}: {len(seen)} places in {RUNS} runs, {places_needed(places)} needed')
        if len(seen) < places_needed(places):
            yield f'{name} is at {sorted(map(hex, seen))} only'
    # Nothing stands beside it: what was taken for its begin is its begin.
    if any(n_bytes != RESERVATION_BYTES for _, _, n_bytes in found):
        yield 'something stands beside the reservation'


def check_fixed(found, library):
    unit = 2 * MIB if 'secure' in os.path.basename(library) else 1
    if len({base for base, _, _ in found}) > 1:
        yield f'the reservation moves: {found}'
    if len({(first - base) // unit for base, first, _ in found}) > 1:
        yield f'the first block moves: {found}'


def is_randomised():
    with open('/proc/sys/kernel/randomize_va_space') as file:
        everywhere = file.read().strip() == '2'
    return everywhere and not ctypes.CDLL(None).personality(0xffffffff) & ADDR_NO_RANDOMIZE


def skip(reason):
    print(f'skipped: {reason}')
    return SKIP


def main():
    if sys.argv[1:] in ([], ['--help']):
        print(__doc__)
        return 0
    library, program, how = sys.argv[1:]
    if how == 'random':
        if not is_randomised():
            return skip('randomisation is off here')
        failures = list(check_random(look(library, program)))
    else:
        if ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE) == -1:
            return skip('randomisation cannot be switched off here')
        failures = list(check_fixed(look(library, program), library))
    print('\n'.join(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
