# SPDX-License-Identifier: MIT
"""What two runs have in common, and how they differ."""
import fnmatch
import os
import re

import harness

KNOWN = {
    'times': [(r'\b\d+(?:[.,:]\d+)*\s?(?:seconds?|secs?|minutes?|min|ms|us|µs|ns|s|m\d[\d.]*s)\b', '<time>'),
              (r'\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b', '<time>'),
              (r'\b\d{4}[-/]\d\d[-/]\d\d\b', '<date>')],
    'pids': [(r'\b(pid|process|PID)([ =:]+)\d+\b', r'\1\2<pid>'), (r'\[\d+\]', '[<pid>]'),
             (r'==\d+==', '==<pid>==')],
    'addresses': [(r'\b0x[0-9a-fA-F]+\b', '<address>')],
}


def normalised(path, entry):
    """Lines of a file, less what each run says differently."""
    pairs = [pair for word in entry.normalise for pair in KNOWN[word]]
    pairs = [(re.compile(a), b) for a, b in pairs + [tuple(pair) for pair in entry.replace]]
    keep = [re.compile(pattern) for pattern in entry.keep]
    drop = [re.compile(pattern) for pattern in entry.drop]
    lines = []
    for line in harness.read_lines(path, True):
        if keep and not any(k.search(line) for k in keep) or any(d.search(line) for d in drop):
            continue
        for pattern, replacement in pairs:
            line = pattern.sub(replacement, line)
        lines.append(line)
    return sorted(lines) if entry.sort else lines


def streams(run, entry):
    paths = {'stdout': run.out, 'stderr': run.err}
    return {name: normalised(paths[name], entry) for name in entry.compare}


def picture(run, entry):
    """What is compared of a run, as one value."""
    return (run.verdict(), tuple((name, tuple(lines)) for name, lines in streams(run, entry).items()))


def tail(path, count=12):
    return '\n'.join(line[:200] for line in harness.tail(path, count).splitlines())


def differences(plain, loaded, entry):
    """How the run with the library differs, in words; empty if it does not."""
    found = []
    if plain.verdict() != loaded.verdict():
        found.append(f'exit status {plain.verdict()} without, {loaded.verdict()} with\n'
                     + tail(loaded.err))
    if sorted(plain.crashes) != sorted(loaded.crashes):
        found.append(f'crashes {plain.crashes} without, {loaded.crashes} with')
    ours = streams(loaded, entry)
    for name, lines in streams(plain, entry).items():
        if lines != ours[name]:
            found.append(f'{name} differs\n' + harness.first_difference(lines, ours[name]))
    return found


def first_change(plain, loaded):
    return harness.first_difference(plain, loaded)


def as_said(loaded, entry):
    """For what is known to be different: how it differs from what the entry says; empty if not."""
    found = []
    wanted = entry.instead.get('status', 0)
    if loaded.timed_out or wanted not in ('any', loaded.status):
        found.append(f'exit status {loaded.verdict()} with, {wanted} was expected\n' + tail(loaded.err))
    with open(loaded.out, errors='replace') as out, open(loaded.err, errors='replace') as err:
        text = out.read() + err.read()
    pattern = entry.instead.get('matches', '')
    if not re.search(pattern, text, re.M):
        found.append(f'the output does not match {pattern!r}\n' + tail(loaded.err))
    return found + [f'a process ended by signal {number}' for number in loaded.crashes]


class Witnessed:
    """Which processes took malloc from the library."""

    def __init__(self, path, library):
        wanted = os.path.realpath(library)
        lines = harness.read_lines(path, True) if os.path.exists(path) else []
        pairs = [line.split('\t') for line in lines if line.count('\t') == 1]
        self.count = sum(os.path.realpath(owner) == wanted for _, owner in pairs)
        self.programs = {os.path.basename(exe) for exe, owner in pairs
                         if os.path.realpath(owner) == wanted}
        self.others = {(os.path.basename(exe), owner) for exe, owner in pairs
                       if os.path.realpath(owner) != wanted}

    def problems(self, entry):
        found = [f'{name}: never seen with the library\'s malloc' for name in entry.seen
                 if not fnmatch.filter(self.programs, name)]
        found += [f'{name}: malloc came from {owner}' for name, owner in sorted(self.others)
                  if not any(fnmatch.fnmatch(name, p) for p in entry.other_malloc)]
        if not self.count and not self.others:
            found.append('the library was in no process')
        return found
