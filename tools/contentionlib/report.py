# SPDX-License-Identifier: MIT
"""The tables that tools/contention prints."""
from . import counts


def table(head, rows):
    """Columns as wide as they need be; all but the first to the right."""
    cells = [head, *rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    return '\n'.join('  '.join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip()
                     for line in cells)


def places(found):
    return ', '.join(f'{name} {rate:.0f}' for name, rate in found) or 'nothing'


def count_table(results):
    """results: row -> Figures."""
    head = ('for a million calls', 'calls', 'slow calls', 'locked', 'in malloc, free', 'locks taken',
            'counted', 'passed', 'locked / slow call')
    body = []
    for name, it in results.items():
        rates = it.rates()
        body.append((name, f'{it.calls:,}', f'{it.per_million(it.slow_calls):.0f}',
                     f'{rates["locked"]:.0f}', str(it.hot_locked), f'{rates["lock"]:.0f}',
                     f'{rates["count"]:.0f}', f'{rates["pass"]:.0f}', f'{it.locked_per_slow:.1f}'))
    where = [f'  {name}: locks in {places(it.top("lock"))}; counts in {places(it.top("count"))}'
             for name, it in results.items()]
    return '\n'.join((table(head, body), '', 'where, for a million calls:', *where))


def cache_slope(by_cache):
    """The exponent of what is locked a call over the calls that a magazine serves."""
    return counts.slope([(it.calls_per_slow, it.per_million(it.locked))
                         for it in by_cache.values()])


def cache_table(results):
    """results: row -> cache -> Figures."""
    caches = list(next(iter(results.values())))
    head = ('calls to a slow call: locked for a million', *caches, 'exponent')
    body = []
    for name, by_cache in results.items():
        cells = [f'{it.calls_per_slow:.0f}: {it.per_million(it.locked):.0f}'
                 for it in by_cache.values()]
        found = cache_slope(by_cache)
        body.append((name, *cells, '' if found is None else f'{found:.2f}'))
    return table(head, body)


def line_table(results):
    """results: row -> Sharing."""
    head = ('cache lines that threads share', 'calls', 'lines', 'touched / million',
            'fetched / million')
    body = [(name, f'{it.calls:,}', str(it.line_count), f'{it.touched:.0f}', f'{it.fetched:.0f}')
            for name, it in results.items()]
    where = [f'  {name}: {places(it.top())}' for name, it in results.items()]
    return '\n'.join((table(head, body), '', 'touched where, for a million calls:', *where))
