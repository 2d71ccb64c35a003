# SPDX-License-Identifier: MIT
"""The runner itself: a library that changes anything must fail, one that changes nothing passes."""
import os
import subprocess
import sys

RUNNER = os.path.join(os.path.dirname(os.path.realpath(__file__)), 'run.py')


def verdict(library, witness, deed):
    ended = subprocess.run(
        [sys.executable, RUNNER, 'probe', '--library', library, '--witness', witness],
        env={**os.environ, 'BUMPALLOC_SABOTAGE': deed}, stdout=subprocess.PIPE, text=True)
    return ended.returncode, ended.stdout


def main():
    saboteur, witness = sys.argv[1:]
    # (library, what it does, exit status of the runner, what the runner must say)
    expectations = [
        (saboteur, 'nothing', 0, '2 commands and 1 files compared'),
        (saboteur, 'stderr', 1, 'stderr differs'),
        (saboteur, 'stdout', 1, 'output differs'),
        (saboteur, 'file', 1, 'file left-behind only with the library'),
        (saboteur, 'status', 1, 'exit status 0 without, 42 with'),
        (saboteur, 'crash', 1, 'exit status 0 without, -6 with'),
        (witness, 'a library without malloc', 1, 'malloc came from'),
        ('/nonexistent/lib.so', 'no library', 1, 'malloc came from'),
    ]
    failed = 0
    for library, deed, status, message in expectations:
        got, output = verdict(library, witness, deed)
        if got != status or message not in output:
            print(f'{deed}: expected status {status} and "{message}", got {got}:\n{output}')
            failed = 1
    return failed


if __name__ == '__main__':
    sys.exit(main())
