# SPDX-License-Identifier: MIT
"""Medians, ratios and tables."""
import math
import statistics

METRICS = (('cpu_s', 'processor time', 's'), ('peak_kib', 'peak RSS', 'KiB'),
           ('minor_faults', 'page faults', ''))


def median(runs, metric):
    good = [getattr(run, metric) for run in runs if run.status == 'ok']
    return statistics.median(good) if good else None


def best_peer(row, metric):
    """The best of the row that is not ours: (name, value)."""
    peers = {name: median(runs, metric) for name, runs in row.items() if name != 'ours'}
    peers = {name: value for name, value in peers.items() if value}
    if not peers:
        return None, None
    name = min(peers, key=peers.get)
    return name, peers[name]


def ratios(row, metric):
    """Each allocator's median over the best peer's; None where there is none."""
    _, best = best_peer(row, metric)
    values = {name: median(runs, metric) for name, runs in row.items()}
    return {name: value / best if value and best else None for name, value in values.items()}


def geometric_mean(values):
    logs = [math.log(value) for value in values if value]
    return math.exp(sum(logs) / len(logs)) if logs else None


def cell(value):
    return f'{value:.2f}' if value else '-'


def line(cells, first=22):
    return cells[0].ljust(first) + ''.join(text.rjust(12) for text in cells[1:])


def metric_table(results, metric, title, unit):
    names = list(next(iter(results.values())))
    out = [f'{title}: ratio to the best peer', line(['', 'best', '', *names])]
    columns = {name: [] for name in names}
    for workload, row in results.items():
        best_name, best = best_peer(row, metric)
        shares = ratios(row, metric)
        shown = f'{best:.4g} {unit}' if best else '-'
        out.append(line([workload, best_name or '-', shown, *(cell(shares[n]) for n in names)]))
        for name in names:
            columns[name].append(shares[name])
    out.append(line(['geomean', '', '', *(cell(geometric_mean(columns[n])) for n in names)]))
    return '\n'.join(out)


def failures(results):
    """Runs that failed, and rows in which allocators disagree."""
    out = []
    for workload, row in results.items():
        sums = {run.checksum for runs in row.values() for run in runs if run.status == 'ok'}
        if len(sums) > 1:
            out.append(f'{workload}: wrong output: checksums {", ".join(sorted(sums))}')
        for name, runs in row.items():
            out += [f'{workload} under {name}: {run.status}' for run in runs if run.status != 'ok']
    return out


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


def compare(results, before):
    """How ours has changed since an earlier --json file."""
    out = ['ours, now : before', line(['', *(title for _, title, _ in METRICS)])]
    for workload, row in results.items():
        cells = [workload]
        for metric, _, _ in METRICS:
            now = median(row.get('ours', []), metric)
            old = [run[metric] for run in before.get(workload, {}).get('ours', [])]
            cells.append(cell(now / statistics.median(old)) if now and old else '-')
        out.append(line(cells))
    return '\n'.join(out)
