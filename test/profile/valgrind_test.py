#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""memcheck works under the library: it takes malloc's place, with or without --soname-synonyms; and the
reservation is small there without being asked."""
import argparse
import os
import shutil
import subprocess
import sys

SKIP = 77


def valgrind(args, flags, **variables):
    """Without BUMPALLOC_RESERVE: the library makes its reservation small by itself."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith('BUMPALLOC_')}
    words = ['env', f'LD_PRELOAD={args.library}'] + [f'{name}={value}' for name, value
                                                     in variables.items()]
    words += ['valgrind', '--error-exitcode=42', *flags, args.program]
    return subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=100, env=environment)


def memcheck(args, flags):
    """In place of our malloc, memcheck puts its own, and finds what it finds in any program."""
    run = valgrind(args, ['--leak-check=full', *flags])
    missing = [words for words in ('Invalid write of size 1', '0 bytes after a block of size 100',
                                   '77 bytes in 1 blocks are definitely lost')
               if words not in run.stderr]
    if missing or run.returncode != 42:
        return [f'{flags}: status {run.returncode}, not found: {missing}\n{run.stderr}']
    return []


def our_malloc(args):
    """Our malloc itself runs under memcheck, which knows nothing of its objects then."""
    run = valgrind(args, ['--soname-synonyms=somalloc=nouserintercepts'])
    if run.returncode != 0 or 'ERROR SUMMARY: 0 errors' not in run.stderr:
        return [f'our own malloc: status {run.returncode}\n{run.stderr}']
    return []


def reservation(args):
    """4 GiB by default, and what is asked for."""
    failures = []
    for wanted, mib in ((None, 4096), ('1G', 1024)):
        variables = {'BUMPALLOC_VERBOSE': '1', **({'BUMPALLOC_RESERVE': wanted} if wanted else {})}
        run = valgrind(args, ['--tool=none'], **variables)
        if f', {mib} MiB reserved at ' not in run.stderr:
            failures.append(f'RESERVE {wanted}: not {mib} MiB\n{run.stderr}')
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('program', help='test/profile/crime')
    parser.add_argument('--library', required=True)
    args = parser.parse_args()
    if not shutil.which('valgrind'):
        print('valgrind is not installed')
        return SKIP
    failures = memcheck(args, []) + our_malloc(args) + reservation(args)
    failures += memcheck(args, ['--soname-synonyms=somalloc=libbumpalloc.so.0'])
    print('\n'.join(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
