# SPDX-License-Identifier: MIT
"""Shells and the small tools they call."""
import os

import inputs
from cases import case, script


def make_text(folder):
    inputs.text(os.path.join(folder, 'text'), 60000)


@case('bash', ['bash'], make_text)
def bash(run):
    run.cmd('bash', script('heap.bash'), run.input + '/text', status=3, via=['sort', 'tee'])
    run.cmd('bash', '-c', 'exec 2>&1; cd /nonexistent; echo "${unset?message}"', status=127)
    run.cmd('bash', '-c', 'kill -TERM $$', status=-15)


def make_tables(folder):
    inputs.text(os.path.join(folder, 'text'), 120000)
    inputs.table(os.path.join(folder, 'left'), 150000, seed=5)
    inputs.table(os.path.join(folder, 'right'), 150000, seed=6)
    os.mkdir(os.path.join(folder, 'tree'))
    inputs.snapshot(os.path.join(folder, 'tree'), 12)


@case('coreutils', ['sort', 'ls', 'join'], make_tables)
def coreutils(run):
    def part(name, *via, status=0):
        run.cmd('sh', script('coreutils.sh'), name, via=via, status=status)
    part('listing', 'ls', 'cut', 'tac', 'du', 'stat')
    part('sorting', 'sort', 'uniq', 'sha256sum', 'md5sum')
    part('joining', 'join', 'comm', 'paste')
    part('words', 'wc', 'nl', 'fold', 'fmt', 'tr', 'od', 'ptx', 'pr', 'expand')
    part('numbers', 'seq', 'shuf', 'factor', 'expr', 'numfmt', 'tsort')
    part('files', 'cp', 'b2sum', 'split', 'csplit', 'base64', 'dd', 'rm', status=1)


@case('text', ['find', 'grep', 'sed', 'awk', 'sort'], make_tables)
def text(run):
    def part(name, *via, status=0):
        run.cmd('sh', script('text.sh'), name, via=via, status=status)
    part('finding', 'find', 'xargs', 'grep')
    part('searching', 'grep', 'sort', 'uniq', status=2)
    part('editing', 'sed')
    part('counting', 'awk', 'sort')
