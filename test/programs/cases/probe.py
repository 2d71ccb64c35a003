# SPDX-License-Identifier: MIT
"""A case too small to be a test of the library: runner_test.py tests the runner with it."""
from cases import case


@case('probe', ['sh', 'sort'])
def probe(run):
    run.cmd('sh', '-c', 'echo b > made; echo a >> made; sort made', via=['sort'])
    run.cmd('sh', '-c', 'exit 3', status=3)
