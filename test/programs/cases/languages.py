# SPDX-License-Identifier: MIT
"""Interpreters, each with a script that works its heap hard."""
import os

import inputs
from cases import case, script


def make_input(folder):
    inputs.text(os.path.join(folder, 'text'), 40000)
    inputs.documents(os.path.join(folder, 'json'), 8000)


@case('perl', ['perl'], make_input)
def perl(run):
    run.cmd('perl', script('heap.pl'), run.input + '/text', run.input + '/json', status=255)
    run.cmd('perl', '-ne', 'push @l, [split]; END { print scalar(@l), "\\n" }', run.input + '/text')
    run.cmd('perl', '-e', 'syntax error here (', status=255)


@case('python', ['python3'], make_input)
def python(run):
    # Python's own small-object allocator would keep most requests from the library.
    run.cmd('python3', script('heap.py'), run.input + '/json', status=5,
            env={'PYTHONMALLOC': 'malloc'})
    run.cmd('python3', '-c', 'print(len([[i] for i in range(10**6)]))')
    run.cmd('python3', '-c', 'x = [0] * (1 << 60)', status=1, env={'PYTHONMALLOC': 'malloc'})


@case('node', ['node'], make_input)
def node(run):
    run.cmd('node', '--expose-gc', script('heap.js'), run.input + '/json', status=4)
    run.cmd('node', '-e', 'new Array(5); throw new RangeError("thrown")', status=1)


@case('ruby', ['ruby'], make_input)
def ruby(run):
    run.cmd('ruby', script('heap.rb'), run.input + '/text', run.input + '/json', status=6)
    run.cmd('ruby', '-e', 'abort "x" * 10_000', status=1)
