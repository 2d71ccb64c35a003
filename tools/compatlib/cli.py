# SPDX-License-Identifier: MIT
"""What tools/compat does with its command line."""
import concurrent.futures
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import harness
from modes import MODES

from . import ROOT, entries, mixed, page, report, runner


@dataclass
class Setting:
    library: str
    witness: str
    build: str
    install: bool
    rounds: int
    keep: bool


def fail(text):
    print(f'compat: {text}', file=sys.stderr)
    raise SystemExit(2)


def say(text):
    print(f'compat: {text}', file=sys.stderr, flush=True)


def find_witness(build, folder):
    built = os.path.join(build, 'test', 'programs', 'witness.so')
    if os.path.exists(built):
        return built
    path, source = os.path.join(folder, 'witness.so'), os.path.join(ROOT, 'test', 'programs', 'witness.c')
    cc = shutil.which('cc', path=harness.search_path())
    if not cc or subprocess.run([cc, '-shared', '-fPIC', '-D_GNU_SOURCE', source, '-o', path],
                                check=False).returncode:
        fail(f'{built} is not built, and there is no C compiler to make it')
    os.chmod(folder, 0o755)
    return path


def find_modes(words):
    chosen = words or ['plain']
    for word in chosen:
        if word not in MODES and word != 'all':
            fail(f'no mode is called {word}: {", ".join(MODES)}, all')
    return list(MODES) if 'all' in chosen else chosen


def find_jobs(args, chosen):
    if args.complete:
        return [(entry, mode) for mode in MODES for entry in chosen if mode == 'plain' or entry.tier == 1]
    return [(entry, mode) for mode in find_modes(args.mode) for entry in chosen]


def show_list(chosen):
    for one in chosen:
        print(f'{getattr(one, "tier", " ")}  {one.name:<22}{one.about}')


def describe(result):
    text = f'{result["verdict"]}'
    if result['verdict'] in ('not run', 'differs', 'unsteady'):
        text += ': ' + result['reason'].splitlines()[0]
    return text


def run_all(jobs, setting, n_workers, save):
    """Results in the order of the jobs; each is said and saved as it comes in."""
    begun, results = time.monotonic(), {}

    def arrived(number, result):
        results[number] = result
        entry, mode = jobs[number]
        say(f'[{len(results)}/{len(jobs)}, {time.monotonic() - begun:.0f} s] {entry.name}, {mode}: '
            + describe(result))
        save([results[n] for n in sorted(results)])
    try:
        if n_workers == 1:
            for number, (entry, mode) in enumerate(jobs):
                say(f'{entry.name}, {mode} ...')
                arrived(number, runner.run_entry(entry, mode, setting, say))
        else:
            with concurrent.futures.ProcessPoolExecutor(n_workers) as pool:
                waiting = {pool.submit(runner.run_entry, entry, mode, setting, say): number
                           for number, (entry, mode) in enumerate(jobs)}
                for done in concurrent.futures.as_completed(waiting):
                    arrived(waiting[done], done.result())
    except KeyboardInterrupt:
        say('interrupted, this is what there is')
    return [results[number] for number in sorted(results)]


def earlier(paths):
    """Rows of earlier files by program and mode; the last file has the last word."""
    found = {}
    for path in paths:
        if os.path.exists(path):
            with open(path, encoding='utf-8') as file:
                found.update({(r['name'], r['mode']): r for r in json.load(file)['results']})
    return found


def merge(paths, results, table):
    """Rows of earlier files are kept if their entries still exist and were not run now; what is in
    none of them is said to be untried."""
    untried = {(e.name, 'plain'): dataclasses.asdict(runner.Result(
        e.name, e.tier, 'plain', e.about, 'not run', 'not tried')) for e in table if paths}
    rows = {**untried, **earlier(paths), **{(r['name'], r['mode']): r for r in results}}
    names, modes = [entry.name for entry in table], list(MODES)
    return sorted((r for (name, _), r in rows.items() if name in names),
                  key=lambda r: (names.index(r['name']), modes.index(r['mode'])))


def write(path, text):
    if path:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)


def status(results):
    if any(r['verdict'] == 'differs' for r in results):
        return 1
    return harness.SKIP if all(r['verdict'] == 'not run' for r in results) else 0


def run_entries(args, setting, table, chosen):
    jobs = find_jobs(args, chosen)

    def save(results):
        made = report.Report(merge(args.merge, results, table), setting.library)
        write(args.text, made.text() + '\n')
        write(args.json, made.json())
        write(args.html, page.html(made))
        return made
    results = run_all(jobs, setting, args.jobs, save)
    print(save(results).text())
    return status(results)


def run(args, begin, *more):
    """Calls begin with the arguments and the setting that they make."""
    build = os.path.realpath(args.build)
    library = os.path.realpath(args.lib or os.path.join(build, 'src', 'libbumpalloc.so'))
    if not os.path.exists(library):
        fail(f'{library} is not there; build it, or name another with --lib')
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:
        return begin(args, Setting(library, find_witness(build, folder), build,
                                   os.geteuid() == 0 and not args.no_install, args.rounds, args.keep), *more)


def main(args):
    try:
        table = [] if args.mixed else entries.read_all()
        chosen = mixed.read_parts(args.names) if args.mixed else entries.choose(table, args.names, args.tier)
    except (entries.Wrong, mixed.Broken) as error:
        fail(error)
    if args.list:
        show_list(chosen)
        return 0
    if args.mixed:
        return run(args, mixed.run, chosen, say, write)
    return run(args, run_entries, table, chosen)
