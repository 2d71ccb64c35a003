#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the profile costs a real program at its default rate, or guards at one in 1,000, in instructions,
which no other program on the machine changes: counted by cachegrind, with and without."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
COST_MAX = {'profile': 0.02, 'guards': 0.01}
SCRIPT = 'my %h; $h{$_ % 10000} = [$_, "x$_" x 20] for 1 .. 60000; print scalar keys %h'


def instructions(library, **variables):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith('BUMPALLOC_')}
    environment.update(LD_PRELOAD=library, PERL_HASH_SEED='0', PERL_PERTURB_KEYS='0', **variables)
    words = ['valgrind', '--tool=cachegrind', '--cache-sim=no', '--cachegrind-out-file=/dev/null',
             'perl', '-e', SCRIPT]
    run = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         timeout=100, check=True, env=environment)
    return int(re.search(r'I +refs: +([\d,]+)', run.stderr)[1].replace(',', ''))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--library', required=True)
    parser.add_argument('--of', choices=COST_MAX, default='profile')
    args = parser.parse_args()
    if not shutil.which('valgrind') or not shutil.which('perl'):
        print('valgrind or perl is not installed')
        return SKIP
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'heap.pb.gz')
        off = instructions(args.library)
        if args.of == 'guards':
            on = instructions(args.library, BUMPALLOC_GUARD='1000')
        else:
            on = instructions(args.library, BUMPALLOC_PROFILE=path)
        if args.of == 'profile' and not os.path.exists(path):
            print('no profile was written')
            return 1
    print(f'{off} instructions, {on} with {args.of}: {100 * (on / off - 1):+.2f}%')
    return 0 if off < on < off * (1 + COST_MAX[args.of]) else 1


if __name__ == '__main__':
    sys.exit(main())
