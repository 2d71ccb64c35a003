# SPDX-License-Identifier: MIT
"""Cache lines that threads share through the library: from a trace of every access that it makes.

Valgrind's lackey prints instructions and accesses, its scheduler says which thread runs, and the
dynamic linker where the library was loaded. Lines that code outside the library touches, too, are
the program's objects and stacks, not the library's own, and are left out: who hands an object to
another thread hands its line over. Its variables are its own, whoever clears them at the start. A
line of the rest is shared if two threads or more wrote to it in their lives at the same time: what a
thread leaves to the next one when it ends, a heap for instance, is not.

 - touched: how often a call of malloc, free or their kin wrote to such a line, once for each call
   and line. Each time it may have to be fetched from another processor, so this is the most.
 - fetched: how often a thread wrote or read it when another had written to it since. Valgrind's
   threads take turns of 100,000 basic blocks, so this is the least.
"""
import collections
import os
import re
import tempfile

import hotpath

from . import callgrind

LINE_SHIFT = 6
LOAD = ' L '
ACCESSES = (LOAD, ' S ', ' M ')


def load_address(text, library):
    """Where the dynamic linker put the library (LD_DEBUG=files). Valgrind's own launcher, which the
    preload reaches, too, says so first; the program is last."""
    found = None
    for match in re.finditer(r'file=(\S+) \[0\];\s+generating link map.*?base: 0x([0-9a-f]+)', text,
                             re.S):
        if os.path.realpath(match.group(1)) == library:
            found = int(match.group(2), 16)
    if found is None:
        raise callgrind.RunError(f'the dynamic linker did not say where it put {library}')
    return found


class Line:
    """One cache line, as the library uses it."""
    __slots__ = ('writers', 'holders', 'fetched', 'touch', 'places', 'shared')

    def __init__(self):
        self.writers, self.holders, self.shared = set(), set(), False
        self.fetched, self.touch, self.places = 0, None, collections.Counter()

    def read(self, thread):
        self.fetched += self.shared and thread not in self.holders
        self.holders.add(thread)

    def forget(self, ended):
        """Threads that are no more; what others have seen of the line is in their caches still."""
        self.writers -= ended

    def write(self, thread, touch, place):
        """touch: which call of the library this is; place: who writes to what."""
        self.writers.add(thread)
        now = len(self.writers) > 1
        self.shared |= now
        self.fetched += now and bool(self.holders - {thread})
        self.holders = {thread}
        if now and touch != self.touch:
            self.places[place] += 1
        self.touch = touch


class Trace:
    """The lines that the library uses, and how many calls it served."""

    def __init__(self, code, base, segments):
        (text, data) = segments
        self.entries = {base + entry for entry in code.entries}
        self.ends = {base + start for start in code.starts('bp_registry_thread_ended')}
        self.base, (self.begin, self.end) = base, (base + at for at in text)
        self.own_lines = range(base + data[0] >> LINE_SHIFT, (base + data[1] >> LINE_SHIFT) + 1)
        self.lines = collections.defaultdict(Line)
        self.foreign = set()  # lines that other code touches
        self.calls = 0
        self.call_of = collections.Counter()  # thread -> the number of its latest call
        self.ended = set()
        self.lives = collections.Counter()  # valgrind gives a number again when a thread has ended

    def schedule(self, text, thread):
        """The thread that runs from here on."""
        number = int(text.split('SCHED[')[1].split(']')[0])
        life = number, self.lives[number]
        if 'exiting VG_(scheduler)' in text:
            self.ended.add(life)
            self.lives[number] += 1
        return life if 'acquired lock' in text or 'entering' in text else thread

    def read(self, file):
        thread, site = (1, 0), None
        for text in file:
            kind = text[:3]
            if kind == 'I  ':
                address = int(text[3:text.index(',')], 16)
                site = address if self.begin <= address < self.end else None
                if address in self.entries:
                    self.calls += 1
                    self.call_of[thread] = self.calls
                elif address in self.ends:
                    self.ended.add(thread)  # its heap may be another's before it is gone
            elif kind in ACCESSES:
                self.access(kind, int(text[3:text.index(',')], 16), thread, site)
            elif 'SCHED[' in text:
                thread = self.schedule(text, thread)
        return self

    def access(self, kind, address, thread, site):
        line = address >> LINE_SHIFT
        if site is None:
            if line not in self.own_lines:
                self.foreign.add(line)
        elif kind == LOAD:
            self.lines[line].read(thread)
        else:
            if self.ended:
                self.lines[line].forget(self.ended)
            self.lines[line].write(thread, (thread, self.call_of[thread]),
                                   (site - self.base, address - self.base))

    def shared(self):
        """The library's own lines that several threads wrote to."""
        return [line for number, line in self.lines.items()
                if line.shared and number not in self.foreign]


class Sharing:
    """A trace as figures for a million calls."""

    def __init__(self, code, trace):
        lines = trace.shared()
        scale = 1e6 / max(trace.calls, 1)
        self.calls, self.line_count = trace.calls, len(lines)
        self.touched = sum(sum(line.places.values()) for line in lines) * scale
        self.fetched = sum(line.fetched for line in lines) * scale
        self.places = collections.Counter()  # (data, function) -> rate
        for line in lines:
            for (site, address), times in line.places.items():
                place = code.symbol_at(address) or 'metadata', code.symbol_at(site) or '?'
                self.places[place] += times * scale

    def top(self, most=4):
        """(what, rate) of the places that touch shared lines most."""
        return [(f'{data} in {function}', rate)
                for (data, function), rate in self.places.most_common(most)]

    def plain(self):
        """For JSON."""
        return {'calls': self.calls, 'shared_lines': self.line_count,
                'per_million': {'touched': self.touched, 'fetched': self.fetched},
                'places': dict(self.top(1000))}


def segments(code):
    """(from, until) of the library's instructions and of its variables, relative to its start."""
    found = {}
    for line in hotpath.run('readelf', '-lW', code.path).splitlines():
        words = line.split()
        if words and words[0] == 'LOAD':
            start = int(words[2], 16)
            found[''.join(words[6:-1])] = start, start + int(words[5], 16)
    if 'RE' not in found or 'RW' not in found:
        raise callgrind.RunError(f'{code.path}: no segments of instructions and of variables')
    return found['RE'], found['RW']


def measure(command, code, extra=None):
    """Runs the program under lackey; a million calls are some 10 GB of trace, so: briefly."""
    with tempfile.TemporaryDirectory() as folder:
        log, linker = os.path.join(folder, 'log'), os.path.join(folder, 'linker')
        callgrind.run(command, code.path, {**(extra or {}), 'LD_DEBUG': 'files',
                                           'LD_DEBUG_OUTPUT': linker},
                      ['--tool=lackey', '--trace-mem=yes', '--trace-sched=yes',
                       '--basic-counts=no', f'--log-file={log}'])
        said = ''
        for name in os.listdir(folder):
            if name.startswith('linker'):
                with open(os.path.join(folder, name), encoding='utf-8', errors='replace') as file:
                    said += file.read()
        trace = Trace(code, load_address(said, code.path), segments(code))
        with open(log, encoding='utf-8', errors='replace') as file:
            return Sharing(code, trace.read(file))
