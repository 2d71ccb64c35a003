# SPDX-License-Identifier: MIT
"""Charts as one self-contained SVG file, light or dark as the viewer prefers."""
from xml.sax.saxutils import escape

WIDTH, HEIGHT, GAP, COLUMNS = 420, 220, 46, 2
COLOURS = ('#2a78d6', '#e34948', '#1baf7a', '#eda100', '#4a3aa7', '#e87ba4', '#8a8a86', '#eb6834')
STYLE = '''
text { font: 12px system-ui, sans-serif; fill: #3d3d3a } .title { font-weight: 600 }
.small { font-size: 10px; fill: #73726c } .back { fill: #ffffff } .grid { stroke: #dddcd6 }
.live { fill: #73726c; fill-opacity: .18 }
@media (prefers-color-scheme: dark) {
  text { fill: #e8e6dc } .small { fill: #a3a29a } .back { fill: #1f1e1d } .grid { stroke: #3d3d3a }
}'''


def order(names):
    """Ours is drawn last, on top, and thicker."""
    return [name for name in names if name != 'ours'] + [name for name in names if name == 'ours']


def colours(names):
    others = [name for name in names if name != 'ours']
    table = {name: COLOURS[1 + i % (len(COLOURS) - 1)] for i, name in enumerate(others)}
    table['ours'] = COLOURS[0]
    return table


def polyline(points, scale_x, scale_y):
    return ' '.join(f'{x * scale_x:.1f},{HEIGHT - y * scale_y:.1f}' for x, y in points)


def panel(workload, row, table):
    runs = {name: runs[-1] for name, runs in row.items() if runs[-1].samples}
    if not runs:
        return ''
    end = max(run.samples[-1][0] for run in runs.values()) or 1
    top = max(sample[1] for run in runs.values() for sample in run.samples) / 1024 or 1
    x, y = WIDTH / end, (HEIGHT - 10) / top
    out = [f'<text class="title" y="-8">{escape(workload)}</text>']
    for part in (0.5, 1.0):
        at = HEIGHT - top * part * y
        out.append(f'<line class="grid" x1="0" x2="{WIDTH}" y1="{at:.1f}" y2="{at:.1f}"/>'
                   f'<text class="small" x="2" y="{at - 3:.1f}">{top * part:.0f} MiB</text>')
    reference = runs.get('ours') or next(iter(runs.values()))
    area = [(0, 0)] + [(s[0], s[2] / 1024) for s in reference.samples]
    area.append((reference.samples[-1][0], 0))
    out.append(f'<polygon class="live" points="{polyline(area, x, y)}"/>')
    for name in order(runs):
        line = polyline([(s[0], s[1] / 1024) for s in runs[name].samples], x, y)
        width = 2.4 if name == 'ours' else 1.3
        out.append(f'<polyline fill="none" stroke="{table[name]}" stroke-width="{width}" '
                   f'points="{line}"><title>{escape(name)}</title></polyline>')
    out.append(f'<line class="grid" x1="0" x2="{WIDTH}" y1="{HEIGHT}" y2="{HEIGHT}"/>'
               f'<text class="small" x="{WIDTH}" y="{HEIGHT + 12}" text-anchor="end">'
               f'{end:.1f} s</text>')
    return '\n'.join(out)


def legend(names, table):
    out, at = [], 0
    for name in [*names, 'live bytes']:
        mark = (f'<line x1="{at}" x2="{at + 18}" y1="-4" y2="-4" stroke="{table[name]}" '
                f'stroke-width="3"/>' if name in table else
                f'<rect class="live" x="{at}" y="-10" width="18" height="10"/>')
        out.append(f'{mark}<text x="{at + 23}">{escape(name)}</text>')
        at += 40 + 7 * len(name)
    return ''.join(out)


def page(width, height, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}"><style>{STYLE}</style>'
            f'<rect class="back" width="{width}" height="{height}"/>\n{body}\n</svg>\n')


def memory(results):
    """RSS over time, a panel for each workload."""
    names = list(next(iter(results.values())))
    table = colours(names)
    parts = [f'<g transform="translate({GAP},30)">{legend(names, table)}</g>']
    for i, (workload, row) in enumerate(results.items()):
        x = GAP + i % COLUMNS * (WIDTH + GAP)
        y = 70 + i // COLUMNS * (HEIGHT + GAP)
        parts.append(f'<g transform="translate({x},{y})">{panel(workload, row, table)}</g>')
    rows = (len(results) + COLUMNS - 1) // COLUMNS
    return page(GAP + COLUMNS * (WIDTH + GAP), 70 + rows * (HEIGHT + GAP), '\n'.join(parts))


def bars(results, shares, title):
    """Ratios to the best peer, a group of bars for each workload; the line is 1."""
    names = list(next(iter(results.values())))
    table = colours(names)
    step, left, scale = 14 * len(names) + 16, 160, 180
    parts = [f'<g transform="translate({left},30)">{legend(names, table)}</g>',
             f'<text class="title" x="8" y="30">{escape(title)}</text>']
    for i, workload in enumerate(results):
        top = 50 + i * step
        parts.append(f'<text x="8" y="{top + 14}">{escape(workload)}</text>')
        for j, name in enumerate(names):
            value = shares[workload][name]
            if value:
                parts.append(f'<rect x="{left}" y="{top + 14 * j}" height="11" fill="{table[name]}" '
                             f'width="{min(value, 4) * scale:.1f}"/><text class="small" '
                             f'x="{left + min(value, 4) * scale + 4:.1f}" y="{top + 14 * j + 9}">'
                             f'{value:.2f}</text>')
    height = 60 + step * len(results)
    parts.append(f'<line class="grid" x1="{left + scale}" x2="{left + scale}" y1="44" '
                 f'y2="{height}"/>')
    return page(left + 4 * scale + 60, height, '\n'.join(parts))
