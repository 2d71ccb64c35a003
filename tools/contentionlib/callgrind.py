# SPDX-License-Identifier: MIT
"""How often each instruction of the library ran: valgrind's callgrind, one count an address.

Valgrind runs one thread at a time, so the counts are those of the program's work and do not depend
on luck; that threads wait for each other it does not show. It leaves 32 GiB of address space for the
reservation, in which there are no class regions: requests above 32 KiB take another path there.
"""
import collections
import os
import shutil
import subprocess
import tempfile

TIMEOUT_S = 600


class RunError(Exception):
    """The program did not end well under valgrind."""


def valgrind():
    """Its path, or None."""
    return shutil.which('valgrind')


def environment(library, extra):
    env = {k: v for k, v in os.environ.items()
           if k != 'LD_PRELOAD' and not k.startswith('BUMPALLOC_')}
    return {**env, **extra, 'LD_PRELOAD': library}


def run(command, library, extra, tool):
    """The program's output; tool: valgrind's arguments."""
    try:
        done = subprocess.run([valgrind(), '--fair-sched=try', *tool, *command],
                              env=environment(library, extra), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, errors='replace', check=False,
                              timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise RunError(f'{command[0]}: not done after {TIMEOUT_S} s under valgrind') from error
    if done.returncode:
        raise RunError(f'{" ".join(command)}: status {done.returncode} under valgrind\n'
                       f'{done.stderr[-2000:]}')
    return done.stdout


def parse(lines, library):
    """address -> times executed, of the instructions of one object."""
    counts = collections.Counter()
    inside = after_calls = False
    for line in lines:
        if line.startswith('0x'):
            if inside and not after_calls:
                address, cost = line.split()
                counts[int(address, 16)] += int(cost)
            after_calls = False
        elif line.startswith('ob='):
            inside = os.path.realpath(line[3:].strip()) == library
        elif line.startswith('calls='):
            after_calls = True  # the next line holds what the callee cost
    return counts


def count(command, library, extra=None):
    """(address -> times executed, the program's output)."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'out')
        output = run(command, library, extra or {},
                     ['--tool=callgrind', '--dump-instr=yes', '--dump-line=no',
                      '--compress-pos=no', '--compress-strings=no',
                      f'--callgrind-out-file={path}'])
        with open(path, encoding='utf-8', errors='replace') as file:
            return parse(file, os.path.realpath(library)), output
