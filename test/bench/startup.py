#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a library costs a program that does nothing: its start-up, beside the same program without.

Runs `true`, `sh -c :` and `python3 -c pass`, the allocators taking turns, and prints for each what
it takes under the C library's malloc, and under the others the ratio of processor time (user and
system) and of wall time, and how many KiB of peak RSS and minor page faults come on top. Of each
ten turns the sums are compared; a ratio is the median of these comparisons, and what stands behind
"+-" is half the distance of their quartiles. "empty" is a shared object without anything in it, if
there is a C compiler: what it costs is the loader's work.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools'))
from benchlib import allocators, cli, measure  # noqa: E402

PROGRAMS = {
    'true': ('true',),
    'sh -c :': ('sh', '-c', ':'),
    'python3 -c pass': ('python3', '-c', 'pass'),
}
BASE = 'glibc'  # as the other benches call it, whichever C library it is
BATCH_RUNS = 10
PEAK_SHARE = 10  # one run in ten is made for its peak RSS alone, five at the least


def environment(preload):
    """MALLOC_PERTURB_, which meson sets, would make glibc's malloc slower."""
    env = {k: v for k, v in os.environ.items() if k not in ('LD_PRELOAD', 'MALLOC_PERTURB_')}
    if preload:
        env['LD_PRELOAD'] = preload
    return env


def succeeded(command, name, status):
    if status:
        code = os.waitstatus_to_exitcode(status)
        ended = f'signal {-code}' if code < 0 else f'exit status {code}'
        raise SystemExit(f'startup.py: {" ".join(command)} under {name}: {ended}')


def run_once(command, name, preload):
    """(processor seconds, wall seconds, minor faults). With posix_spawn the child shares this
    process's memory until its exec, so nothing of the interpreter is copied on its account."""
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1)]
    env = environment(preload)
    started = time.perf_counter()
    pid = os.posix_spawn(command[0], command, env, file_actions=null)
    _, status, usage = os.wait4(pid, 0)
    wall_s = time.perf_counter() - started
    succeeded(command, name, status)
    return usage.ru_utime + usage.ru_stime, wall_s, usage.ru_minflt


def peak_kib(command, name, preload):
    """A process's peak RSS starts with that of whoever it shared its memory with before its exec:
    this interpreter, above. So a small shell forks these runs (its own are some 600 KiB), and their
    times, which have the fork in them, do not count."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        program = measure.Program(measure.Job(command), preload or '', environment(None), out, err)
        program.start()
        status, usage = program.wait(None, None, 0)
    succeeded(command, name, status)
    return usage.ru_maxrss


def turns(names, runs):
    """The allocators' order in each run; nobody always comes first."""
    for number in range(runs):
        shift = number % len(names)
        yield names[shift:] + names[:shift]


def measure_program(command, libraries, runs, say):
    """name -> one list for each of what is measured."""
    whats = ('cpu_s', 'wall_s', 'faults', 'peak_kib')
    samples = {name: {what: [] for what in whats} for name in libraries}
    for number, order in enumerate(turns(list(libraries), runs)):
        if number % BATCH_RUNS == 0:
            say(f'{number} of {runs} runs')
        for name in order:
            values = run_once(command, name, libraries[name])
            for what, value in zip(whats, values):
                samples[name][what].append(value)
    say('peak RSS')
    for order in turns(list(libraries), max(5, runs // PEAK_SHARE)):
        for name in order:
            samples[name]['peak_kib'].append(peak_kib(command, name, libraries[name]))
    return samples


def batch_sums(values):
    """Sums of ten turns each; what is left over goes to the last."""
    starts = range(0, max(len(values) - BATCH_RUNS, 0) + 1, BATCH_RUNS)
    ends = [*starts[1:], len(values)]
    return [sum(values[start:end]) for start, end in zip(starts, ends)]


def ratio(values, base):
    """(median, half the distance of the quartiles) of the batches' ratios."""
    shares = [mine / its for mine, its in zip(batch_sums(values), batch_sums(base)) if its]
    if not shares:
        raise SystemExit('startup.py: this system does not count processor time finely enough')
    low, middle, high = statistics.quantiles(shares, n=4) if len(shares) > 1 else shares * 3
    return middle, (high - low) / 2


def summary(samples):
    """name -> medians, and what they are beside the C library's."""
    base, out = samples[BASE], {}
    for name, of in samples.items():
        medians = {what: statistics.median(values) for what, values in of.items()}
        cpu, wall = (ratio(of[what], base[what]) for what in ('cpu_s', 'wall_s'))
        out[name] = {
            **medians, 'cpu_ratio': cpu[0], 'cpu_spread': cpu[1],
            'wall_ratio': wall[0], 'wall_spread': wall[1],
            'peak_more_kib': medians['peak_kib'] - statistics.median(base['peak_kib']),
            'faults_more': medians['faults'] - statistics.median(base['faults'])}
    return out


def line(program, name, cells):
    return f'{program:<17}{name:<12}' + ''.join(cell.rjust(15) for cell in cells)


def table(results):
    out = [line('', '', ['processor time', 'wall time', 'peak RSS KiB', 'minor faults'])]
    for program, row in results.items():
        for name, of in row.items():
            if name == BASE:
                cells = [f'{of["cpu_s"] * 1e3:.2f} ms', f'{of["wall_s"] * 1e3:.2f} ms',
                         f'{of["peak_kib"]:.0f}', f'{of["faults"]:.0f}']
            else:
                cells = [*(f'{of[f"{what}_ratio"]:.3f} +-{of[f"{what}_spread"]:.3f}'
                           for what in ('cpu', 'wall')),
                         f'{of["peak_more_kib"]:+.0f}', f'{of["faults_more"]:+.0f}']
            out.append(line(program if name == BASE else '', name, cells))
    return '\n'.join(out)


def compile_empty(folder):
    """A shared object with nothing in it, or None without a compiler."""
    compiler = shutil.which('cc') or shutil.which('gcc') or shutil.which('clang')
    if not compiler:
        print('startup.py: no C compiler, so "empty" is left out', file=sys.stderr)
        return None
    path = os.path.join(folder, 'libempty.so')
    done = subprocess.run([compiler, '-shared', '-fPIC', '-x', 'c', os.devnull, '-o', path],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        print(f'startup.py: "empty" is left out: {done.stderr}', file=sys.stderr)
        return None
    return path


def chosen_libraries(options, parser, folder):
    """Name -> path to preload; the C library's is None."""
    chosen = {BASE: None}
    empty = compile_empty(folder)
    if empty:
        chosen['empty'] = empty
    for extra in [f'ours={options.ours}'] * bool(options.ours) + options.lib:
        name, equals, path = extra.partition('=')
        if not equals or not os.path.exists(path):
            parser.error(f'not NAME=PATH of a file that exists: {extra}')
        if name in chosen or name == 'empty':
            parser.error(f'{name} is there twice')
        chosen[name] = os.path.abspath(path)
        if not allocators.loads(chosen[name]):
            parser.error(f'{name}: {path} cannot be preloaded')
    return chosen


def programs():
    """What is installed, by its path; python3 is this one, because another may be a shell script."""
    found = {}
    for name, (program, *arguments) in PROGRAMS.items():
        path = sys.executable if program == 'python3' else shutil.which(program)
        if path:
            found[name] = [path, *arguments]
        else:
            print(f'startup.py: {program} is not installed, left out', file=sys.stderr)
    return found


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--ours', metavar='PATH', help='libbumpalloc.so')
    parser.add_argument('--lib', action='append', default=[], metavar='NAME=PATH',
                        help='one more library to preload; may be repeated')
    parser.add_argument('--runs', type=int, help='runs of each program under each (1000)')
    parser.add_argument('--quick', action='store_true', help='100 runs')
    parser.add_argument('--json', metavar='FILE', help='write what the table says, and every run')
    options = parser.parse_args(words)
    options.runs = options.runs if options.runs is not None else 100 if options.quick else 1000
    if options.runs < 1:
        parser.error('--runs wants 1 or more')
    return parser, options


def main():
    parser, options = parse(sys.argv[1:])
    samples = {}
    with tempfile.TemporaryDirectory() as folder:
        libraries = chosen_libraries(options, parser, folder)
        for program, command in programs().items():
            samples[program] = measure_program(
                command, libraries, options.runs,
                lambda text, program=program: cli.progress(f'{program}: {text}'))
    results = {program: summary(row) for program, row in samples.items()}
    print(f'{cli.machine()}\n{options.runs} runs of each\n{table(results)}')
    if options.json:
        with open(options.json, 'w', encoding='utf-8') as file:
            json.dump({'machine': cli.machine(), 'command': sys.argv, 'results': results,
                       'samples': samples}, file)


if __name__ == '__main__':
    main()
