# SPDX-License-Identifier: MIT
"""Suites of many tests: compared test by test, and only what differs is run again.

Such a suite takes an hour and has tests that fail now and then by themselves. So a part that differs
is run AGAIN times more in both ways, alone: what comes again is a difference, and so is a crash that
does not; other things that do not come again are said. If MANY parts differ all of them do.
"""
import re
from dataclasses import dataclass, field

from . import compare

AGAIN = 2
MANY = 60
SHOWN = 12
ALARM = re.compile(r'crashed \(|status signal|Segmentation fault|Fatal Python error')


def by_part(lines, entry):
    """Lines of each part; a line that names none belongs to none, and is not compared."""
    found, pattern = {}, re.compile(entry.part)
    for line in lines:
        named = pattern.search(line)
        if named:
            found.setdefault(named.group(1), []).append(line)
    return found


def of_run(run, entry):
    return by_part([line for lines in compare.streams(run, entry).values() for line in lines], entry)


@dataclass
class Outcomes:
    """What one part said in each run."""
    plain: list = field(default_factory=list)
    loaded: list = field(default_factory=list)

    def strange(self):
        return [lines for lines in self.loaded if lines not in self.plain]

    def alarms(self):
        known = {line for lines in self.plain for line in lines}
        return [line for lines in self.loaded for line in lines
                if ALARM.search(line) and line not in known]

    def verdict(self):
        """What the library's runs say that none says without: again and again, once, or it is a part
        that says different things without the library too."""
        n_strange = len(self.strange())
        if n_strange == 0:
            return 'same'
        if self.alarms():
            return 'differs'
        if any(lines != self.plain[0] for lines in self.plain):
            return 'unsteady'
        return 'once' if n_strange == 1 < len(self.loaded) else 'differs'

    def shown(self):
        return '\n'.join(self.alarms()[:SHOWN]) or compare.first_change(self.plain[0], self.strange()[0])


def wrong(plain, loaded, entry):
    """Names of the parts in which two runs differ."""
    a, b = of_run(plain, entry), of_run(loaded, entry)
    return sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))


def gather(names, plain, loaded, entry):
    """Outcomes of the parts, from all runs."""
    found = {name: Outcomes() for name in names}
    for runs, side in ((plain, 'plain'), (loaded, 'loaded')):
        for run in runs:
            said = of_run(run, entry)
            for name in names:
                getattr(found[name], side).append(said.get(name, []))
    return found


def pairs(bench, entry, check):
    """One run of all in each way, then what differs again. Both lists of runs, and the outcomes."""
    plain, loaded = [bench.run(False)], []
    check(plain[0], entry)
    loaded.append(bench.run(True))
    names = wrong(plain[0], loaded[0], entry)
    for number in range(AGAIN if 0 < len(names) <= MANY else 0):
        for with_library in ((True, False) if number % 2 else (False, True)):
            (loaded if with_library else plain).append(bench.run(with_library, names))
    return plain, loaded, gather(names, plain, loaded, entry)


def judge(result, loaded, outcomes, entry):
    """The verdict over all parts, and which of them cannot be compared."""
    named = {word: [name for name in outcomes if outcomes[name].verdict() == word]
             for word in ('differs', 'once', 'unsteady')}
    said = []
    if loaded[0].timed_out:
        result.verdict = 'differs'
        said.append(f'no end within {entry.timeout} s with the library')
    if named['differs']:
        result.verdict = 'differs'
        said.append('differ: ' + ' '.join(named['differs']))
    if named['once']:
        said.append(f'differ once, not again in {AGAIN} runs: ' + ' '.join(named['once']))
    if named['unsteady']:
        said.append('differ from themselves without the library too: ' + ' '.join(named['unsteady']))
    shown = [outcomes[name].shown() for name in named['differs'][:SHOWN]]
    result.reason = '\n'.join(['; '.join(said), *shown])
