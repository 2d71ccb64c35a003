# SPDX-License-Identifier: MIT
"""What tools/contention does with its command line."""
import fnmatch
import json
import os
import sys

import hotpath

from . import binary, callgrind, counts, lines, report, rows


def chosen(args):
    globs = args.only.split(',')
    found = [row for row in rows.ROWS if any(fnmatch.fnmatch(row.name, glob) for glob in globs)]
    if not found:
        raise SystemExit(f'contention: no workload is called {args.only}; see --list')
    return found


def library(args):
    path = os.path.abspath(args.library or os.path.join(args.build, 'src', 'libbumpalloc.so'))
    if not os.path.exists(path):
        raise SystemExit(f'contention: {path} is not there: build first, or say --build DIR')
    return path


class Progress:
    """Says on stderr what is under way."""

    def __init__(self, total):
        self.done, self.total = 0, total

    def step(self, what):
        self.done += 1
        end = '\r' if sys.stderr.isatty() else '\n'
        print(f'{f"[{self.done}/{self.total}] {what}":<76}', end=end, file=sys.stderr, flush=True)


def figures(code, row, build, cache=None):
    extra = {'BUMPALLOC_THREAD_CACHE': cache} if cache else {}
    executed, _ = callgrind.count(rows.command(row, build), code.path, extra)
    return counts.Figures(code, executed)


def measure(args, code, wanted):
    """(row -> Figures, row -> cache -> Figures, row -> Sharing)"""
    caches = [cache for cache in args.caches.split(',') if cache]
    progress = Progress(len(wanted) * (1 + len(caches) + (not args.no_lines)))
    plain, by_cache, shared = {}, {}, {}
    for row in wanted:
        progress.step(f'{row.name}')
        plain[row.name] = figures(code, row, args.build)
        for cache in caches:
            progress.step(f'{row.name}, caches of {cache}')
            by_cache.setdefault(row.name, {})[cache] = figures(code, row, args.build, cache)
        if not args.no_lines:
            progress.step(f'{row.name}, trace')
            shared[row.name] = lines.measure(rows.command(row, args.build, True), code)
    return plain, by_cache, shared


def as_json(code, plain, by_cache, shared):
    return {'library': code.path,
            'counts': {name: it.plain() for name, it in plain.items()},
            'caches': {name: {'exponent': report.cache_slope(of),
                              'figures': {cache: it.plain() for cache, it in of.items()}}
                       for name, of in by_cache.items()},
            'lines': {name: it.plain() for name, it in shared.items()}}


def main(args):
    if args.list:
        for row in rows.ROWS:
            print(f'{row.name:<16}{row.about}')
        return 0
    if not callgrind.valgrind():
        print('contention: valgrind is not installed (apt install valgrind)', file=sys.stderr)
        return 77
    wanted = chosen(args)
    try:
        code = binary.Binary(library(args))
        plain, by_cache, shared = measure(args, code, wanted)
    except (hotpath.ToolError, callgrind.RunError) as error:
        print(f'contention: {error}', file=sys.stderr)
        return 1
    parts = [report.count_table(plain), by_cache and report.cache_table(by_cache),
             shared and report.line_table(shared)]
    print('\n\n'.join(part for part in parts if part))
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump(as_json(code, plain, by_cache, shared), file, indent=1)
    return 0
