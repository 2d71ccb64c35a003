# SPDX-License-Identifier: MIT
"""Medians, ratios and tables."""
import math
import statistics
from dataclasses import dataclass

from . import luck


@dataclass(frozen=True)
class Metric:
    title: str
    unit: str
    fields: tuple  # of measure.Run; their sum is what counts


METRICS = {
    'cpu': Metric('processor time', 's', ('cpu_s',)),
    'wall': Metric('wall time', 's', ('wall_s',)),
    'rss': Metric('peak RSS', 'KiB', ('peak_kib',)),
    'faults': Metric('page faults', '', ('minor_faults',)),
    'switches': Metric('switches', '', ('voluntary_switches', 'involuntary_switches')),
}
DEFAULT = ('cpu', 'rss', 'faults')


def figures(runs, metric):
    """Of the runs that did not fail."""
    return [sum(getattr(run, field) for field in METRICS[metric].fields)
            for run in runs if run.status == 'ok']


def median(runs, metric):
    good = figures(runs, metric)
    return statistics.median(good) if good else None


def best_peer(row, metric):
    """The best of the row that is not ours: (name, value)."""
    peers = {name: median(runs, metric) for name, runs in row.items() if name != 'ours'}
    peers = {name: value for name, value in peers.items() if value is not None}
    if not peers:
        return None, None
    name = min(peers, key=peers.get)
    return name, peers[name]


def ratios(row, metric):
    """Each allocator's median over the best peer's; None where one of them is not there, or 0."""
    _, best = best_peer(row, metric)
    values = {name: median(runs, metric) for name, runs in row.items()}
    return {name: value / best if value and best else None for name, value in values.items()}


def geometric_mean(values):
    logs = [math.log(value) for value in values if value]
    return math.exp(sum(logs) / len(logs)) if logs else None


def cell(value):
    return f'{value:.2f}' if value else '-'


def line(cells, width=12):
    return cells[0].ljust(22) + ''.join(text.rjust(width) for text in cells[1:])


def aligned(rows):
    """Lines whose columns are as wide as the longest cell needs."""
    width = max(12, 1 + max(len(text) for cells in rows for text in cells[1:]))
    return [line(cells, width) for cells in rows]


def rounded(value):
    """Four digits of it, and all of a larger number: never an exponent."""
    return f'{value:.4g}' if value < 1000 else f'{value:.0f}'


def luck_line(results, metric):
    """What the last line of the table is to be held against; nothing with one round."""
    rows = [[figures(runs, metric) for runs in row.values()] for row in results.values()]
    equal = luck.of_equals(row for row in rows if all(figure for of_one in row for figure in of_one))
    return [f'equals, by luck: {equal:.2f} (tools/benchlib/luck.py)'] if equal else []


def metric_table(results, metric):
    names = list(next(iter(results.values())))
    rows = [['', 'best', '', *names]]
    columns = {name: [] for name in names}
    for workload, row in results.items():
        best_name, best = best_peer(row, metric)
        shown = '-' if best is None else f'{rounded(best)} {METRICS[metric].unit}'
        for name, share in ratios(row, metric).items():
            columns[name].append(share)
        rows.append([workload, best_name or '-', shown, *(cell(columns[n][-1]) for n in names)])
    rows.append(['geomean', '', '', *(cell(geometric_mean(columns[n])) for n in names)])
    return '\n'.join([f'{METRICS[metric].title}: ratio to the best peer', *aligned(rows),
                      *luck_line(results, metric)])


def disagreement(row):
    """Who printed which checksum, as text; empty if all agree."""
    names = {}
    for name, runs in row.items():
        for checksum in {run.checksum for run in runs if run.status == 'ok'}:
            names.setdefault(checksum, []).append(name)
    return '; '.join(f'{checksum} by {", ".join(names[checksum])}' for checksum in sorted(names)
                     if len(names) > 1)


def failures(results):
    """Runs that failed, and rows in which allocators disagree."""
    out = []
    for workload, row in results.items():
        if disagreement(row):
            out.append(f'{workload}: wrong output: {disagreement(row)}')
        for name, runs in row.items():
            out += [f'{workload} under {name}: {run.status}' for run in runs if run.status != 'ok']
    return out


def concern_ours(failed):
    """Is one of these failures ours, or may be?"""
    return any(' under ours: ' in text or ': wrong output: ' in text for text in failed)


# --- memory over time ---

def held_percent(samples):
    """RSS over live bytes, in percent, over the second half of what was watched."""
    half = samples[len(samples) // 2:]
    live = sum(sample[2] for sample in half)
    return 100 * sum(sample[1] for sample in half) / live if live else None


def memory_table(results):
    head = ['', 'peak MiB', 'end MiB', 'RSS/live %', 'CPU s', 'faults', 'settled ms', 'rest MiB']
    out = []
    for workload, row in results.items():
        out += [workload, line(head)]
        for name, runs in row.items():
            run = runs[-1]
            if run.status != 'ok':
                out.append(line([name, run.status]))
                continue
            end = run.samples[-1][1] / 1024 if run.samples else 0
            held = run.values.get('rss_over_live') or held_percent(run.samples)
            settled, rest = run.values.get('settled_us'), run.values.get('rest_kib')
            out.append(line([
                name, f'{run.peak_kib / 1024:.0f}', f'{end:.0f}',
                f'{float(held):.0f}' if held else '-', f'{run.cpu_s:.2f}', str(run.minor_faults),
                f'{float(settled) / 1000:.1f}' if settled else '-',
                f'{int(rest) / 1024:.1f}' if rest else '-']))
        out.append('')
    return '\n'.join(out)


def compare(results, before, metrics):
    """How ours has changed since an earlier --json file."""
    rows = [['', *(METRICS[metric].title for metric in metrics)]]
    columns = {metric: [] for metric in metrics}
    for workload, row in results.items():
        for metric in metrics:
            now = median(row.get('ours', []), metric)
            old = median(before.get(workload, {}).get('ours', []), metric)
            columns[metric].append(now / old if now and old else None)
        rows.append([workload, *(cell(column[-1]) for column in columns.values())])
    rows.append(['geomean', *(cell(geometric_mean(column)) for column in columns.values())])
    return '\n'.join(['ours, now : before', *aligned(rows)])
