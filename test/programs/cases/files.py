# SPDX-License-Identifier: MIT
"""Archives and version control."""
import os
import random

import inputs
from cases import case, script


def make_tree(folder):
    os.mkdir(os.path.join(folder, 'tree'))
    inputs.snapshot(os.path.join(folder, 'tree'), 6)


@case('archives', ['tar', 'gzip', 'xz', 'zstd', 'diff'], make_tree)
def archives(run):
    def part(name, *via):
        run.cmd('sh', script('archives.sh'), name, via=via)
    part('pack', 'tar', 'gzip', 'zstd')
    part('compress', 'gzip', 'xz', 'zstd')
    part('expand', 'gzip', 'xz', 'zstd', 'tar', 'diff')
    part('broken', 'gzip', 'xz', 'tar')


def commit(number, changes):
    message = f'commit {number}\n\nChanges {len(changes)} files.\n'
    lines = ['commit refs/heads/main', f'author A <a{number % 9}@example.org> {number * 999} +0000',
             f'committer C <c@example.org> {number * 999} +0000',
             f'data {len(message)}', message]
    for name, content in changes.items():
        lines += [f'M 644 inline {name}', f'data {len(content)}', content]
    return '\n'.join(lines) + '\n'


def make_history(folder):
    """A stream for git fast-import: 400 commits that edit lines of 40 files."""
    chance = random.Random(7)
    words = inputs.vocabulary(chance)
    contents = {f'file-{i}.txt': [' '.join(chance.choices(words, k=8)) for _ in range(300)]
                for i in range(40)}
    with open(os.path.join(folder, 'stream'), 'w') as stream:
        for number in range(1, 401):
            touched = chance.sample(sorted(contents), 3) if number > 1 else sorted(contents)
            for name in touched:
                lines = contents[name]
                lines[chance.randrange(len(lines))] = ' '.join(chance.choices(words, k=9))
                lines.insert(chance.randrange(len(lines)), f'line {number}')
            stream.write(commit(number, {n: '\n'.join(contents[n]) + '\n' for n in touched}))


# Threads share the search for deltas, so packs differ from run to run; their objects may not.
@case('git', ['git'], make_history, ignore=['*/objects/*', '*/index', '*/logs/*', '*/ORIG_HEAD'])
def git(run):
    def part(name, status=0):
        run.cmd('sh', script('history.sh'), name, via=['git'], status=status)
    part('build')
    part('read_history')
    part('change')
    part('maintain', status=128)
