# SPDX-License-Identifier: MIT
"""Hours of mixed load on one machine: servers, languages and compilers at the same time, each twice.

Every part has a twin without the library. A round's work is done by both, one after the other, and
must say the same. The parts run beside each other, each slowed down to its portion of the processor.
"""
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import tomllib
from dataclasses import dataclass, field

import harness

from . import ROOT, compare, measure, packages, report

PARTS = os.path.join(os.path.dirname(os.path.realpath(__file__)), 'mixed.toml')
SIDES = ('without', 'with')
READY_S, ROUND_S, STOP_S, SAY_S = 120, 600, 60, 60
TICKS = os.sysconf('SC_CLK_TCK')


class Broken(Exception):
    """A part that cannot go on."""


@dataclass
class Part:
    """One program; what its words mean stands in mixed.toml."""
    name: str
    about: str
    work: str
    packages: list = field(default_factory=list)
    needs: list = field(default_factory=list)
    prepare: str = ''
    serve: str = ''
    ready: str = ''
    user: str = ''


def read_parts(names, path=PARTS):
    with open(path, 'rb') as file:
        parts = [Part(name=name, **words) for name, words in tomllib.load(file).items()]
    unknown = set(names) - {part.name for part in parts}
    if unknown:
        raise Broken(f'no part is called {" ".join(sorted(unknown))}')
    return [part for part in parts if not names or part.name in names]


def processor_s(pids):
    """What these processes have used, and those of their children that they have waited for."""
    ticks = 0
    for pid in pids:
        try:
            with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as file:
                ticks += sum(int(word) for word in file.read().rsplit(')', 1)[1].split()[11:15])
        except OSError:
            pass
    return ticks / TICKS


def proportional_kib(pids):
    """Memory of these processes; what they share is counted once."""
    total = 0
    for pid in pids:
        try:
            with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith('Pss:'))
        except OSError:
            pass
    return total


class Twin:
    """A part on one side: its folder, its server, and the shell that does a round's work."""

    def __init__(self, part, folder, shared, preload):
        self.part, self.server = part, None
        self.folder = os.path.join(folder, 'work')
        self.log = os.path.join(folder, 'server.log')
        for name in ('work', 'home', 'tmp'):
            os.makedirs(os.path.join(folder, name))
            if part.user:
                shutil.chown(os.path.join(folder, name), part.user)
        self.env = harness.base_environment(os.path.join(folder, 'home'), os.path.join(folder, 'tmp'))
        self.env.update({'INPUT': shared, 'SOURCE': ROOT})
        self.preload = [f'{name}={value}' for name, value in preload.items()]

    def command(self, text):
        """The shell itself has the library too, but not what starts it."""
        words = ['env', *self.preload, 'bash', '-c', text]
        if self.part.user:
            user = self.part.user
            words = ['setpriv', '--reuid', user, '--regid', user, '--clear-groups', *words]
        return words

    def start(self):
        with open(self.log, 'ab') as log:
            self.server = subprocess.Popen(self.command(self.part.serve), cwd=self.folder, env=self.env,
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           start_new_session=True)
        end = time.monotonic() + READY_S
        while self.run(self.part.ready, {}, READY_S)[0]:
            if time.monotonic() > end or self.server.poll() is not None:
                raise Broken('its server does not start: ' + harness.tail(self.log, 3))
            time.sleep(0.2)

    def run(self, text, env, timeout):
        """Exit status, output, processor seconds."""
        with tempfile.TemporaryFile() as out, subprocess.Popen(
                self.command(text), cwd=self.folder, env={**self.env, **env}, stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True) as process:
            timer = threading.Timer(timeout, process.kill)
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            timer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            return process.returncode, out.read().decode(errors='replace'), usage.ru_utime + usage.ru_stime

    def pids(self):
        return [self.server.pid, *measure.descendants(self.server.pid)] if self.server else []

    def round(self, number):
        """What the round says, with its exit status, and what it cost."""
        before = processor_s(self.pids())
        status, text, spent = self.run(self.part.work, {'ROUND': str(number)}, ROUND_S)
        if self.server and self.server.poll() is not None:
            status = f'{status}; its server ended with {self.server.returncode}'
        return f'{text}status {status}\n', spent + max(0, processor_s(self.pids()) - before)

    def stop(self):
        """The server's exit status, or None if it has none."""
        if not self.server:
            return None
        self.server.terminate()
        try:
            return self.server.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.server.kill()
            return self.server.wait()


class Course:
    """A part from its first to its last round."""

    def __init__(self, part, root, library, witness):
        self.part, self.rounds, self.lines, self.processor_s = part, 0, 0, 0.0
        self.differences, self.memory_kib = [], []
        shared = os.path.join(root, part.name, 'input')
        os.makedirs(shared)
        self.shared = shared
        self.witnessed = os.path.join(root, part.name, 'witness')
        with open(self.witnessed, 'wb') as log:
            os.fchmod(log.fileno(), 0o666)
        preload = {'LD_PRELOAD': f'{witness}:{library}', 'WITNESS_LOG': self.witnessed}
        self.twins = [Twin(part, os.path.join(root, part.name, side), shared,
                           preload if side == 'with' else {}) for side in SIDES]

    def prepare(self):
        if self.part.prepare:
            subprocess.run(['sh', '-ec', self.part.prepare], cwd=self.shared, env=self.twins[0].env, check=True)
        for twin in self.twins:
            if self.part.serve:
                twin.start()

    def one_round(self):
        self.rounds += 1
        order = self.twins if self.rounds % 2 else self.twins[::-1]
        said = {}
        spent = 0.0
        for twin in order:
            said[twin], cost = twin.round(self.rounds)
            spent += cost
        plain, loaded = (said[twin].splitlines() for twin in self.twins)
        self.lines += len(plain)
        self.processor_s += spent
        if plain != loaded:
            self.differences.append({'round': self.rounds, 'text': harness.first_difference(plain, loaded)})
        elif not plain[-1].endswith('status 0'):
            raise Broken('without the library it fails too: ' + ' | '.join(plain[-3:]))
        return spent

    def note_memory(self):
        self.memory_kib.append([proportional_kib(twin.pids()) for twin in self.twins])

    def live(self, end, portion, stopping):
        """Rounds until the time is over; a round that took c seconds of processor is given c / portion."""
        try:
            self.prepare()
            while time.monotonic() < end and not stopping.is_set():
                begun = time.monotonic()
                pause = self.one_round() / portion - (time.monotonic() - begun)
                if len(self.memory_kib) < self.rounds and self.part.serve:
                    self.note_memory()
                if any(twin.server and twin.server.poll() is not None for twin in self.twins):
                    raise Broken('a server has ended')
                stopping.wait(max(0, min(pause, end - time.monotonic())))
        except (Broken, OSError, subprocess.SubprocessError) as error:
            self.differences.append({'round': self.rounds, 'text': str(error)})
        self.finish()

    def finish(self):
        statuses = [twin.stop() for twin in self.twins]
        if statuses[0] != statuses[1]:
            self.differences.append({'round': self.rounds, 'text':
                                     f'its servers ended with {statuses[0]} without, {statuses[1]} with'})

    def result(self, library):
        seen = compare.Witnessed(self.witnessed, library)
        others = [f'{name}: malloc came from {owner}' for name, owner in sorted(seen.others)]
        if not seen.count:
            others.append('the library was in no process')
        return {'name': self.part.name, 'about': self.part.about, 'rounds': self.rounds, 'lines': self.lines,
                'processor_s': round(self.processor_s, 1), 'processes': seen.count, 'memory_kib': self.memory_kib,
                'differences': self.differences + [{'round': 0, 'text': text} for text in others]}


def mebibytes(memory, side):
    """The server's memory early, at its highest, and late; what a moment holds is not one round's."""
    values = [pair[side] / 1024 for pair in memory]
    if not values:
        return '-'
    tenth = max(1, len(values) // 10)
    middle = [sorted(part)[tenth // 2] for part in (values[:tenth], values[-tenth:])]
    return f'{middle[0]:.0f} {max(values):.0f} {middle[1]:.0f}'


def table(results, minutes, head):
    rows = [['part', 'rounds', 'lines', 'processes', 'processor s', 'differences', 'MiB without', 'MiB with']]
    for r in results:
        rows.append([r['name'], *(str(r[key]) for key in ('rounds', 'lines', 'processes', 'processor_s')),
                     str(len(r['differences'])), *(mebibytes(r['memory_kib'], side) for side in (0, 1))])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ['  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    notes = [f'{r["name"]}, round {d["round"]}: {d["text"]}' for r in results for d in r['differences'][:5]]
    return '\n'.join([*head, f'{minutes:.0f} minutes of mixed load, without and with the library', '', *lines, '',
                      'memory of the servers: early, highest, late', *notes])


class Mixed:
    def __init__(self, setting, share, say):
        self.setting, self.share, self.say = setting, share, say
        self.stopping = threading.Event()
        self.courses = []

    def results(self):
        return [course.result(self.setting.library) for course in self.courses]

    def progress(self, begun, minutes):
        done = ', '.join(f'{c.part.name} {c.rounds}' for c in self.courses)
        count = sum(len(c.differences) for c in self.courses)
        self.say(f'[{(time.monotonic() - begun) / 60:.0f}/{minutes:g} min] rounds: {done}; {count} differences')

    def wait(self, threads, begun, minutes, save):
        while any(thread.is_alive() for thread in threads):
            threads[-1].join(1)
            if time.monotonic() - self.said > SAY_S:
                self.said = time.monotonic()
                self.progress(begun, minutes)
                save(self.results())

    def run(self, parts, minutes, root, save):
        self.courses = [Course(part, root, self.setting.library, self.setting.witness) for part in parts]
        begun = self.said = time.monotonic()
        portion = self.share / 100 / len(parts)
        threads = [threading.Thread(target=course.live, args=(begun + minutes * 60, portion, self.stopping))
                   for course in self.courses]
        for thread in threads:
            thread.start()
        try:
            self.wait(threads, begun, minutes, save)
        except KeyboardInterrupt:
            self.say('interrupted: each part ends after its round')
            self.stopping.set()
            self.wait(threads, begun, minutes, save)
        return (time.monotonic() - begun) / 60


def provided(parts, install, say):
    for part in parts:
        reason = packages.provide(part, install, say)
        if reason:
            say(f'{part.name} is not run: {reason}')
        else:
            yield part


def run(args, setting, parts, say, write):
    """Exit status: 0 no difference, 1 a difference, 77 nothing could be run."""
    parts = list(provided(parts, setting.install, say))
    if not parts:
        return harness.SKIP
    root = os.path.realpath(tempfile.mkdtemp(prefix='bumpm-'))
    os.chmod(root, 0o755)
    head = report.header(setting.library)

    def save(results):
        write(args.json, json.dumps({'what': head[0], 'command': head[1], 'minutes': args.minutes,
                                     'results': results}, indent=1) + '\n')
    try:
        mixed = Mixed(setting, args.share, say)
        minutes = mixed.run(parts, args.minutes, root, save)
        results = mixed.results()
    finally:
        if setting.keep:
            say(f'kept {root}')
        else:
            shutil.rmtree(root, ignore_errors=True)
    save(results)
    text = table(results, minutes, head)
    write(args.text, text + '\n')
    print(text)
    return 1 if any(r['differences'] for r in results) else 0
