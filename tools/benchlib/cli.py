# SPDX-License-Identifier: MIT
"""What tools/bench does with its command line."""
import dataclasses
import fnmatch
import json
import os
import platform
import random
import shlex
import sys

from . import UsageError, allocators, chart, measure, programs, report, workloads

WORKLOADS = workloads.WORKLOADS + programs.WORKLOADS


def chosen_allocators(args):
    if not args.lib:
        found = allocators.default(args.build)
    else:
        found = [allocators.resolve(word, args.build) for word in args.lib.split(',')]
    names, kept = [name for name, _ in found], []
    for name, path in found:
        if names.count(name) > 1:
            raise UsageError(f'two allocators are called {name}: say NAME=PATH')
        if allocators.loads(path):
            kept.append((name, path))
        else:
            print(f'bench: {name}: {path} cannot be preloaded, left out', file=sys.stderr)
    if not kept:
        raise UsageError('no allocator is left')
    return kept


def missing(row):
    owner = programs if isinstance(row, programs.Program) else workloads
    return owner.missing(row)


def is_wanted(args, name):
    return any(fnmatch.fnmatch(name, glob) for glob in args.only.split(','))


def chosen_workloads(args):
    found = [w for w in WORKLOADS if is_wanted(args, w.name)]
    if args.memory:
        found = [w for w in found if getattr(w, 'memory', False)]
    for row in found:
        if missing(row):
            print(f'bench: {row.name} needs {missing(row)}, left out', file=sys.stderr)
    found = [row for row in found if not missing(row)]
    if not found:
        raise UsageError(f'no workload is called {args.only}; see --list')
    return found


def progress(text):
    end = '\r' if sys.stderr.isatty() else '\n'
    print(f'{text:<76}', end=end, file=sys.stderr, flush=True)


def all_jobs(args, rows, made):
    """What to run for each row, by name; `made` holds the jobs of the real programs."""
    jobs = dict(made)
    for row in rows:
        if not isinstance(row, programs.Program):
            jobs[row.name] = measure.Job(workloads.command(row, args.build, args.quick))
    return {row.name: jobs[row.name] for row in rows if row.name in jobs}


def order(libraries, row, turn):
    """Another one for each workload and round, the same in each run of the whole.

    Whoever runs first pays for cold files, and who comes next finds the pages that the one before
    it freed: with one order for all, always the same two would.
    """
    return random.Random(f'{row} {turn}').sample(libraries, len(libraries))


def run_all(args, libraries, jobs):
    """results[workload][allocator] = runs; the allocators take turns within a round."""
    results = {row: {name: [] for name, _ in libraries} for row in jobs}
    warm_up = 0 if args.quick or args.memory else 1
    rounds = 1 if args.quick or args.memory else args.rounds
    total, done = len(jobs) * len(libraries) * (rounds + warm_up), 0
    try:
        for turn in range(rounds + warm_up):
            for row, job in jobs.items():
                for name, path in order(libraries, row, turn):
                    done += 1
                    progress(f'[{done}/{total}] {row} under {name}')
                    run = measure.measure(job, path, args.memory)
                    if turn >= warm_up:
                        results[row][name].append(run)
    except KeyboardInterrupt:
        print('\nbench: interrupted, this is what there is', file=sys.stderr)
    return {name: row for name, row in results.items() if all(row.values())}


def machine():
    model = ''
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        for line in file:
            if line.startswith('model name'):
                model = line.split(':', 1)[1].strip()
    return f'{model}, {os.cpu_count()} processors, {platform.system()} {platform.release()}'


def write_json(path, record):
    data = {w: {name: [dataclasses.asdict(run) for run in runs] for name, runs in row.items()}
            for w, row in record['results'].items()}
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({**record, 'results': data}, file)


def read_json(path):
    """The record that write_json wrote."""
    try:
        with open(path, encoding='utf-8') as file:
            record = json.load(file)
        record['results'] = {
            w: {name: [measure.Run(**run) for run in runs] for name, runs in row.items()}
            for w, row in record['results'].items()}
    except OSError as error:
        raise UsageError(str(error)) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f'{path}: not what --json writes ({error})') from error
    return record


def chart_of(args, results):
    if args.memory:
        return chart.memory(results)
    metric = args.metrics[0]
    shares = {workload: report.ratios(row, metric) for workload, row in results.items()}
    return chart.bars(results, shares, report.METRICS[metric].title)


def show(args, record, before):
    results = record['results']
    print(record['machine'])
    print(record['command'])
    for name, path in record.get('libraries', {}).items():
        print(f'  {name}: {path or "the C library"}')
    print()
    if args.memory:
        print(report.memory_table(results))
    else:
        for metric in args.metrics:
            print(report.metric_table(results, metric), end='\n\n')
    if before:
        print(report.compare(results, before['results'], args.metrics))


def check(args):
    """Everything that is known to be wrong before anything runs."""
    args.metrics = args.metrics.split(',')
    for metric in args.metrics:
        if metric not in report.METRICS:
            raise UsageError(f'no metric is called {metric}: {", ".join(report.METRICS)}')
    if args.rounds < 1:
        raise UsageError('--rounds wants 1 or more')
    for path in filter(None, (args.json, args.svg)):
        if not os.access(os.path.dirname(path) or '.', os.W_OK) or os.path.isdir(path):
            raise UsageError(f'{path} cannot be written')


def earlier(args):
    """What --read names, without the rows that are not wanted."""
    record = read_json(args.read)
    record['results'] = {name: row for name, row in record['results'].items()
                         if is_wanted(args, name)}
    if not record['results']:
        raise UsageError(f'{args.read} has no workload that is called {args.only}')
    return record


def measured(args):
    libraries, rows = chosen_allocators(args), chosen_workloads(args)
    with programs.jobs(rows, args.quick) as made:
        results = run_all(args, libraries, all_jobs(args, rows, made))
    paths = {name: os.path.realpath(path) if path else None for name, path in libraries}
    return {'machine': machine(), 'command': shlex.join(sys.argv), 'libraries': paths,
            'results': results}


def run(args):
    if args.list:
        for row in WORKLOADS:
            print(f'{row.name:<22}{row.about}')
        return 0
    check(args)
    before = read_json(args.compare) if args.compare else None
    record = earlier(args) if args.read else measured(args)
    if not record['results']:
        return 1
    show(args, record, before)
    if args.json:
        write_json(args.json, record)
    if args.svg:
        with open(args.svg, 'w', encoding='utf-8') as file:
            file.write(chart_of(args, record['results']))
    wrong = report.failures(record['results'])
    print('\n'.join(wrong) or 'no failures')
    return 1 if report.concern_ours(wrong) else 0


def main(parser):
    """Exit status: 1 if ours failed or allocators disagree, 2 for a wrong command line."""
    try:
        return run(parser.parse_args())
    except UsageError as error:
        return parser.error(str(error))
