#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records traces for purge_sim: runs a program under record.so, and thins out what that wrote.

  record.py --shim build/test/purge_sim/record.so redis web   records those recipes again
  record.py --shim ... --name mine -- PROGRAM ARGS...         records any program

A recipe is a program or script of a few seconds; --list names them. Of the processes that were
recorded, the one that had most in use is kept.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RECIPES = HERE / 'recipes'
MAX_BYTES = 40_000  # of a trace; what a change must exceed to be kept grows until it fits
UNIT_BYTES = 65536
BEAT_MS = 250  # at least a line so often while the program calls its allocator

UNTOUCHED = ['env', 'MALLOC_MMAP_THRESHOLD_=65536']  # calloc need not clear, so size costs no time
PYTHON = ['env', 'PYTHONMALLOC=malloc', sys.executable]
# name: (what it shows, command; run in an empty folder of its own)
COMMANDS = {
    'breathe': ('256 MiB allocated and freed every 100 ms',
                [*UNTOUCHED, *PYTHON, RECIPES / 'breathe.py']),
    'burst': ('a burst of 400 MiB in three seconds, then ten of nothing',
              [*PYTHON, RECIPES / 'burst.py']),
    'clang': ('clang compiling test/programs/scripts/stl.cpp',
              ['clang++', '-fintegrated-cc1', '-std=c++17', '-O2', '-c', '-o', 'stl.o',
               HERE.parent / 'programs/scripts/stl.cpp']),
    'compile': ('cc1plus compiling test/programs/scripts/stl.cpp',
                ['g++', '-std=c++17', '-O2', '-c', '-o', 'stl.o',
                 HERE.parent / 'programs/scripts/stl.cpp']),
    'git': ('git repacking 6000 generated commits', ['sh', RECIPES / 'git.sh']),
    'redis': ('redis-server filled by redis-benchmark, flushed, filled with other sizes, flushed',
              ['sh', RECIPES / 'redis.sh']),
    'ruby': ('ruby answering made-up requests', ['ruby', RECIPES / 'web.rb']),
    'sqlite': ('sqlite3 on a database in memory', ['sh', RECIPES / 'sqlite.sh']),
    'store': ('the memory of a storage engine: cache, tables, compactions',
              [*UNTOUCHED, *PYTHON, RECIPES / 'store.py']),
    'waves': ('working sets that grow and shrink, in periods from 0.3 to 5 s',
              [*PYTHON, RECIPES / 'waves.py']),
    'web': ('python answering made-up requests', [*PYTHON, RECIPES / 'web.py']),
}


def read(path):
    with open(path) as file:
        return [tuple(map(int, line.split())) for line in file]


def thin(points, step_bytes):
    """No point left out differs by step_bytes or more from the last one kept before it.

    The last point only says how long the recording went on."""
    kept = [points[0]]
    for point in points[1:-1]:
        ms, used = kept[-1]
        if abs(point[1] - used) >= step_bytes or point[0] >= ms + BEAT_MS:
            kept.append(point)
    return [*kept, (points[-1][0], kept[-1][1])]


def shape(points, max_bytes=MAX_BYTES):
    """The text of a trace that is not too long, and the step that it took."""
    step_bytes = UNIT_BYTES
    while True:
        text = ''.join(f'{ms} {used}\n' for ms, used in thin(points, step_bytes))
        if len(text) <= max_bytes or step_bytes > 2 * max(used for _, used in points):
            return text, step_bytes
        step_bytes += step_bytes // 4


def comment(what, how, points, step_bytes):
    peak = max(used for _, used in points)
    return (f'# SPDX-License-Identifier: MIT\n# Recorded: {what}.\n# Again: {how}\n'
            f'# Of {len(points)} points; those left out differ by less than '
            f'{step_bytes / 1024:.0f} KiB (peak {peak / 2**20:.1f} MiB).\n# ms used_bytes\n')


def record(shim, command):
    """The points of that process of the command's which had most in use."""
    with tempfile.TemporaryDirectory(prefix='purge-sim-') as folder:
        environment = {**os.environ, 'LD_PRELOAD': str(shim.resolve()),
                       'RECORD_TO': os.path.join(folder, 'trace')}
        work = os.path.join(folder, 'work')
        os.mkdir(work)
        subprocess.run([str(word) for word in command], cwd=work, env=environment, check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        traces = [read(path) for path in pathlib.Path(folder).glob('trace.*')]
    traces = [points for points in traces if len(points) > 1]
    if not traces:
        sys.exit('record.py: nothing was recorded; is the program linked statically?')
    return max(traces, key=lambda points: max(used for _, used in points))


def save(options, name, what, how, command):
    points = record(options.shim, command)
    text, step_bytes = shape(points)
    path = options.folder / f'{name}.trace'
    path.write_text(comment(what, how, points, step_bytes) + text)
    print(f'{path}: {text.count(chr(10))} of {len(points)} points, '
          f'step {step_bytes / 1024:.0f} KiB', file=sys.stderr)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.
                                     RawDescriptionHelpFormatter)
    parser.add_argument('--shim', type=pathlib.Path, metavar='FILE', help='record.so, as built')
    parser.add_argument('--folder', type=pathlib.Path, metavar='DIR', default=HERE / 'traces',
                        help='where the traces go (default: %(default)s)')
    parser.add_argument('--name', help='of the trace of a program given after --')
    parser.add_argument('--list', action='store_true', help='print the recipes and end')
    parser.add_argument('words', nargs='*', metavar='RECIPE', help='or -- PROGRAM ARGS...')
    options = parser.parse_args(arguments)
    if options.list:
        print(''.join(f'{name:8} {what}\n' for name, (what, _) in COMMANDS.items()), end='')
        sys.exit(0)
    if not options.shim or not options.shim.is_file():
        parser.error('--shim: the path of record.so is needed')
    if not options.words:
        parser.error('name a recipe, or a program after --')
    unknown = [word for word in options.words if word not in COMMANDS]
    if unknown and not options.name:
        parser.error(f'no recipe: {" ".join(unknown)} (a program needs --name)')
    return options


def main(arguments=None):
    options = parse(arguments)
    if options.name:
        command = ' '.join(options.words)
        save(options, options.name, command, f'record.py --name {options.name} -- {command}',
             options.words)
        return
    for name in options.words:
        what, command = COMMANDS[name]
        save(options, name, what, f'test/purge_sim/record.py --shim SHIM {name}', command)


if __name__ == '__main__':
    main()
