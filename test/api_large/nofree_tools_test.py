#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Command-line tools say the same with BUMPALLOC_NOFREE=1 as without the library.

usage: nofree_tools_test.py LIBRARY
"""
import os
import shutil
import subprocess
import sys

SOURCE = 'int main(void)\n{\n    return 0;\n}\n'
TEXT = ''.join(f'{(i * 7919) % 10007} line\n' for i in range(20000))
# command, standard input
TOOLS = [
    (['sort', '-n'], TEXT), (['awk', '{ n[$1 % 10]++ } END { for (i = 0; i < 10; i++) print n[i] }'],
                             TEXT),
    (['sed', 's/1/one/g'], TEXT), (['grep', '-c', '9'], TEXT), (['gzip', '-nc'], TEXT),
    (['xz', '-c', '-1'], TEXT), (['tar', '-cf', '-', '--sort=name', '/etc/apt'], ''),
    (['perl', '-e', 'my %h; $h{$_ % 97} .= $_ for 1..50000; print length $h{5}'], ''),
    (['python3', '-c', 'print(sum(len(str(i)) for i in range(50000)))'], ''),
    (['gcc', '-O1', '-S', '-x', 'c', '-', '-o', '-'], SOURCE),
    (['bash', '-c', 'for i in {1..2000}; do a+=($i); done; echo ${#a[@]}'], ''),
    (['find', '/usr/include/linux', '-name', 'f*.h'], ''),
]


def output(command, text, extra):
    env = {**os.environ, 'LC_ALL': 'C', **extra}
    done = subprocess.run(command, input=text.encode(), capture_output=True, env=env, timeout=60)
    return done.returncode, done.stdout, done.stderr


def main():
    if len(sys.argv) != 2 or sys.argv[1] == '--help':
        print(__doc__)
        return 0 if '--help' in sys.argv else 2
    preload = {'LD_PRELOAD': os.path.abspath(sys.argv[1]), 'BUMPALLOC_NOFREE': '1'}
    ran = failures = 0
    for command, text in TOOLS:
        if not shutil.which(command[0]):
            continue
        ran += 1
        if output(command, text, preload) != output(command, text, {}):
            print('differs:', ' '.join(command), file=sys.stderr)
            failures += 1
    return 1 if failures or ran < 6 else 0


if __name__ == '__main__':
    sys.exit(main())
