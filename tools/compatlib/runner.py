# SPDX-License-Identifier: MIT
"""One entry in one mode: prepared, run in turns without and with the library, judged."""
import dataclasses
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import harness
from modes import MODES

from . import ROOT, compare, measure, packages, parts

ROUNDS_ON_DIFFERENCE = 3
PREPARE_S = 900
TELLING = re.compile(r"(?i)can't|cannot|could not|unavailable|fail")  # of an error
FIGURES = ('cpu_s', 'wall_s', 'peak_kib')


@dataclass
class Result:
    name: str
    tier: int
    mode: str
    about: str
    verdict: str = 'same'  # same, as said, differs, unsteady, not run
    reason: str = ''
    rounds: int = 0
    processes: int = 0
    lines: int = 0  # compared, of one run
    without: dict = field(default_factory=dict)
    loaded: dict = field(default_factory=dict)


class NotRun(Exception):
    """Why nothing can be said."""


class Bench:
    """The folders of one entry. Both passes use the same paths, one after the other."""

    def __init__(self, entry, mode, setting):
        self.entry, self.mode, self.setting = entry, MODES[mode], setting
        self.root = os.path.realpath(tempfile.mkdtemp(prefix='bumpc-'))
        os.chmod(self.root, 0o755)  # servers give up root
        self.input = os.path.join(self.root, 'input')
        os.mkdir(self.input)
        self.results = os.path.join(self.root, 'results')
        os.mkdir(self.results)
        self.count = 0

    def fresh(self, name):
        path = os.path.join(self.root, name)
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path)
        return path

    def environment(self):
        env = harness.base_environment(self.fresh('home'), self.fresh('tmp'))
        env.update({'INPUT': self.input, 'SOURCE': ROOT, 'BUILD': self.setting.build, **self.entry.env})
        return env

    def prepare(self):
        if not self.entry.prepare:
            return
        done = subprocess.run(['sh', '-ec', self.entry.prepare], cwd=self.input, env=self.environment(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors='replace', timeout=PREPARE_S, check=False)
        if done.returncode:
            raise NotRun(f'prepare failed: {last_line(done.stdout)}')

    def run(self, with_library, names=()):
        """Runs all of it, or only the parts that are named."""
        env, command = self.environment(), ['sh', '-c', self.entry.command]
        env['PARTS'] = ' '.join(names)
        self.count += 1
        results = os.path.join(self.results, f'{self.count}-' + ('with' if with_library else 'without'))
        if with_library:
            env.update(self.mode.env)
            env['COMPAT_LIB'] = self.setting.library
            if self.entry.preload:
                words = [self.setting.witness] * self.entry.witness + [self.setting.library]
                preload = ['LD_PRELOAD=' + ':'.join(words), f'WITNESS_LOG={results}.witness']
                command = ['env', *preload, *command]
        return measure.measure(command, self.fresh('work'), env, self.entry.timeout, results,
                               self.mode.prepare)

    def close(self, keep):
        if keep:
            print(f'compat: {self.entry.name}: kept {self.root}', file=sys.stderr)
        else:
            shutil.rmtree(self.root, ignore_errors=True)


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1][:200] if lines else 'it said nothing'


def check_baseline(plain, entry):
    if plain.timed_out:
        raise NotRun(f'without the library it did not end within {entry.timeout} s')
    if entry.status not in ('any', plain.status):
        with open(plain.err, errors='replace') as file:
            error = last_line(file.read())
        raise NotRun(f'without the library it fails: exit status {plain.status}: {error}')


def pairs(bench, entry, rounds):
    """Runs in turns, the order changing, until there is no more to learn."""
    plain, loaded = [], []
    while True:
        for with_library in ((False, True) if len(plain) % 2 == 0 else (True, False)):
            (loaded if with_library else plain).append(bench.run(with_library))
            check_baseline(plain[-1] if plain else loaded[-1], entry)
        steady = not differs(plain, loaded, entry)
        if len(plain) >= (rounds if steady else max(rounds, ROUNDS_ON_DIFFERENCE)):
            return plain, loaded


def differs(plain, loaded, entry):
    if entry.instead:
        return any(compare.as_said(run, entry) for run in loaded)
    return any(compare.differences(plain[0], run, entry) for run in loaded)


def crashed(run, plain):
    statuses = {p.verdict() for p in plain}
    return run.verdict() not in statuses or len(run.crashes) > max(len(p.crashes) for p in plain)


def judge(result, plain, loaded, entry):
    """A program that differs from itself without the library cannot be said to differ with it,
    unless it ends otherwise."""
    if entry.instead:
        problems = [text for run in loaded for text in compare.as_said(run, entry)]
        result.verdict = 'differs' if problems else 'as said'
        result.reason = problems[0] if problems else ''
        return
    ways = {compare.picture(run, entry) for run in plain}
    strange = [run for run in loaded if compare.picture(run, entry) not in ways or crashed(run, plain)]
    if not strange:
        return
    result.verdict = 'differs'
    result.reason = '\n'.join(compare.differences(plain[0], strange[0], entry))
    if len(ways) > 1 and not any(crashed(run, plain) for run in loaded):
        result.verdict = 'unsteady'
    result.reason = f'{len(strange)} of {len(loaded)} runs; without the library {len(ways)} outcomes ' \
        f'in {len(plain)} runs; ' + result.reason


def check_witness(result, loaded, bench, entry):
    if not (entry.preload and entry.witness):
        return
    seen = compare.Witnessed((loaded[0] if entry.part else loaded[-1]).witness, bench.setting.library)
    result.processes = seen.count
    problems = seen.problems(entry)
    if problems and result.verdict in ('same', 'as said', 'unsteady'):
        result.verdict = 'differs'
        result.reason = '\n'.join(problems)


def medians(runs):
    return {name: statistics.median(getattr(run, name) for run in runs) for name in FIGURES}


def run_command(entry, mode, setting, result):
    bench = Bench(entry, mode, setting)
    try:
        bench.prepare()
        if entry.part:
            plain, loaded, outcomes = parts.pairs(bench, entry, check_baseline)
        else:
            plain, loaded = pairs(bench, entry, setting.rounds)
        result.rounds = len(plain)
        whole = 1 if entry.part else None
        result.without, result.loaded = medians(plain[:whole]), medians(loaded[:whole])
        result.lines = sum(map(len, compare.streams(plain[0], entry).values()))
        if not result.lines and not entry.instead:
            raise NotRun('it says nothing that could be compared')
        if entry.part:
            parts.judge(result, loaded, outcomes, entry)
        else:
            judge(result, plain, loaded, entry)
        check_witness(result, loaded, bench, entry)
    finally:
        bench.close(setting.keep)


def why_skipped(text):
    """What the case said, less which command it was, and what tells most of what the program said."""
    first, *rest = text.strip().splitlines() or ['it said nothing']
    first = re.sub(r'^(not in this mode: ).*: (status -?\d+ without)', r'\1\2', first)
    telling = [line for line in rest if TELLING.search(line)] or rest[-1:]
    return ': '.join([first, *(line.strip()[:200] for line in telling[:1])])


def run_case(entry, mode, setting, result):
    """A case of test/programs, whose own runner makes both passes."""
    command = [sys.executable, os.path.join(ROOT, 'test', 'programs', 'run.py'), entry.case, '--library',
               setting.library, '--witness', setting.witness, '--source', ROOT, '--mode', mode]
    command += ['--keep'] * setting.keep
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, errors='replace', timeout=entry.timeout * 4, check=False)
    if done.returncode == harness.SKIP:
        raise NotRun(why_skipped(done.stdout.partition('skip: ')[2]))
    result.rounds = 1
    total = re.search(r'([\d.]+) s +(\d+) M +([\d.]+) s +(\d+) M  in all', done.stdout)
    if total:
        figures = [float(word) for word in total.groups()]
        result.without = {'wall_s': figures[0], 'peak_kib': figures[1] * 1024}
        result.loaded = {'wall_s': figures[2], 'peak_kib': figures[3] * 1024}
    seen = re.search(r'(\d+) processes under the library, (\d+) commands', done.stdout)
    result.processes = int(seen.group(1)) if seen else 0
    if done.returncode:
        result.verdict = 'differs'
        _, word, rest = done.stdout.partition('FAIL:')
        result.reason = word + rest or last_line(done.stdout)


def run_entry(entry, mode, setting, say):
    result = Result(entry.name, entry.tier, mode, entry.about)
    try:
        reason = packages.provide(entry, setting.install, say)
        if reason:
            raise NotRun(reason)
        (run_case if entry.case else run_command)(entry, mode, setting, result)
        if entry.happens and result.verdict in ('same', 'as said'):
            result.reason = '; '.join(text for text in (entry.happens, result.reason) if text)
    except NotRun as reason:
        result.verdict, result.reason = 'not run', str(reason)
    except subprocess.TimeoutExpired as error:
        result.verdict, result.reason = 'differs', f'no end within {error.timeout} s'
    result.reason = result.reason.replace(ROOT + os.sep, '')
    return dataclasses.asdict(result)
