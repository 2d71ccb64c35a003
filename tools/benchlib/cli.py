# SPDX-License-Identifier: MIT
"""What tools/bench does with its command line."""
import dataclasses
import fnmatch
import json
import os
import platform
import shlex
import sys

from . import allocators, chart, measure, programs, report, workloads

WORKLOADS = workloads.WORKLOADS + programs.WORKLOADS


def chosen_allocators(args):
    if not args.lib:
        found = allocators.default(args.build)
    else:
        found = [allocators.resolve(word, args.build) for word in args.lib.split(',')]
    kept = []
    for name, path in found:
        if allocators.loads(path):
            kept.append((name, path))
        else:
            print(f'bench: {name}: {path} cannot be preloaded, left out', file=sys.stderr)
    return kept


def missing(row):
    owner = programs if isinstance(row, programs.Program) else workloads
    return owner.missing(row)


def chosen_workloads(args):
    globs = args.only.split(',')
    found = [w for w in WORKLOADS if any(fnmatch.fnmatch(w.name, g) for g in globs)]
    if args.memory:
        found = [w for w in found if getattr(w, 'memory', False)]
    for row in found:
        if missing(row):
            print(f'bench: {row.name} needs {missing(row)}, left out', file=sys.stderr)
    found = [row for row in found if not missing(row)]
    if not found:
        raise SystemExit(f'bench: no workload is called {args.only}; see --list')
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


def run_all(args, libraries, jobs):
    """results[workload][allocator] = runs; the allocators take turns within a round."""
    results = {row: {name: [] for name, _ in libraries} for row in jobs}
    warm_up = 0 if args.quick or args.memory else 1
    rounds = 1 if args.quick or args.memory else args.rounds
    total, done = len(jobs) * len(libraries) * (rounds + warm_up), 0
    try:
        for turn in range(rounds + warm_up):
            for row, job in jobs.items():
                for name, path in libraries:
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


def write_json(path, results):
    data = {w: {name: [dataclasses.asdict(run) for run in runs] for name, runs in row.items()}
            for w, row in results.items()}
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'machine': machine(), 'command': shlex.join(sys.argv), 'results': data}, file)


def write_svg(args, results):
    if args.memory:
        text = chart.memory(results)
    else:
        text = chart.bars(results, {w: report.ratios(row, 'cpu_s') for w, row in results.items()})
    with open(args.svg, 'w', encoding='utf-8') as file:
        file.write(text)


def show(args, libraries, results):
    print(machine())
    print(shlex.join(sys.argv))
    for name, path in libraries:
        print(f'  {name}: {os.path.realpath(path) if path else "the C library"}')
    print()
    if args.memory:
        print(report.memory_table(results))
    else:
        for metric, title, unit in report.METRICS:
            print(report.metric_table(results, metric, title, unit), end='\n\n')
    if args.compare:
        with open(args.compare, encoding='utf-8') as file:
            print(report.compare(results, json.load(file)['results']))


def main(args):
    if args.list:
        for row in WORKLOADS:
            print(f'{row.name:<22}{row.about}')
        return 0
    libraries, rows = chosen_allocators(args), chosen_workloads(args)
    with programs.jobs(rows, args.quick) as made:
        results = run_all(args, libraries, all_jobs(args, rows, made))
    if not results:
        return 1
    show(args, libraries, results)
    if args.json:
        write_json(args.json, results)
    if args.svg:
        write_svg(args, results)
    wrong = report.failures(results)
    print('\n'.join(wrong) or 'no failures')
    return 1 if any(' under ours' in text or 'wrong output' in text for text in wrong) else 0
