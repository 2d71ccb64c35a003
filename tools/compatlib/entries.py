# SPDX-License-Identifier: MIT
"""The table of entries: TOML files beside this one, checked as they are read."""
import fnmatch
import os
import re
import tomllib
from dataclasses import dataclass, field, fields

FOLDER = os.path.join(os.path.dirname(os.path.realpath(__file__)), 'entries')
NORMALISERS = ('times', 'pids', 'addresses')


class Wrong(Exception):
    """An entry that cannot be understood."""


@dataclass
class Entry:
    """One program. What each word means is said in entries/README.md."""
    name: str
    tier: int
    about: str
    file: str
    command: str = ''
    case: str = ''
    packages: list = field(default_factory=list)
    needs: list = field(default_factory=list)
    prepare: str = ''
    env: dict = field(default_factory=dict)
    timeout: int = 300
    status: object = 0
    compare: list = field(default_factory=lambda: ['stdout', 'stderr'])
    normalise: list = field(default_factory=list)
    keep: list = field(default_factory=list)
    drop: list = field(default_factory=list)
    replace: list = field(default_factory=list)
    sort: bool = False
    part: str = ''
    seen: list = field(default_factory=list)
    other_malloc: list = field(default_factory=list)
    preload: bool = True
    witness: bool = True
    instead: dict = field(default_factory=dict)
    happens: str = ''

    def patterns(self):
        return self.keep + self.drop + [self.part] + [pair[0] for pair in self.replace]


def check(entry):
    if bool(entry.command) == bool(entry.case):
        raise Wrong('either a command or a case')
    if entry.tier not in (1, 2, 3) or not entry.about:
        raise Wrong('a tier from 1 to 3 and a line about it')
    if set(entry.compare) - {'stdout', 'stderr'} or set(entry.normalise) - set(NORMALISERS):
        raise Wrong('a word in compare or normalise')
    if set(entry.instead) - {'status', 'matches'}:
        raise Wrong('a word in instead')
    if entry.part and re.compile(entry.part).groups != 1:
        raise Wrong('a part is the one group of its pattern')
    if entry.instead and not entry.happens:
        raise Wrong('what happens is not said')
    for pattern in entry.patterns():
        re.compile(pattern)


def read_file(path):
    known = {f.name for f in fields(Entry)} - {'file', 'name'}
    with open(path, 'rb') as file:
        made = tomllib.load(file)
    for name, values in made.items():
        try:
            if set(values) - known:
                raise Wrong('unknown: ' + ', '.join(sorted(set(values) - known)))
            entry = Entry(name=name, file=os.path.basename(path), **values)
            check(entry)
        except (Wrong, TypeError, re.error) as error:
            raise Wrong(f'{path}: {name}: {error}') from error
        yield entry


def read_all(folder=FOLDER):
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith('.toml'):
            for entry in read_file(os.path.join(folder, name)):
                if entry.name in found:
                    raise Wrong(f'{entry.name} is in {entry.file} and in {found[entry.name].file}')
                found[entry.name] = entry
    return sorted(found.values(), key=lambda entry: (entry.tier, entry.file))


def choose(entries, names, tiers):
    for name in names:
        if not any(fnmatch.fnmatch(entry.name, name) for entry in entries):
            raise Wrong(f'no entry is called {name}; see --list')
    return [entry for entry in entries
            if (not names or any(fnmatch.fnmatch(entry.name, name) for name in names))
            and (not tiers or entry.tier in tiers)]
