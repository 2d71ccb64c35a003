# SPDX-License-Identifier: MIT
"""The table, as text and as JSON."""
import json
import os
import platform
import shlex
import sys
import textwrap
import time

VERDICTS = ('same', 'as said', 'unsteady', 'differs', 'not run')
MEANINGS = {
    'same': 'exit status and output are the same, and malloc came from the library',
    'as said': 'known to be different; it did what the entry says',
    'unsteady': 'it differs from itself without the library too',
    'differs': 'a difference',
    'not run': 'nothing can be said; the reason is',
}


def system():
    name = 'unknown system'
    if os.path.exists('/etc/os-release'):
        with open('/etc/os-release', encoding='utf-8') as file:
            names = [line.split('=', 1)[1].strip().strip('"') for line in file
                     if line.startswith('PRETTY_NAME=')]
        name = names[0] if names else name
    return f'{name}, {platform.system()} {platform.release().split("-")[0]}, ' \
        f'{platform.machine()}, {os.cpu_count()} processors'


def header(library):
    """What was run where: two lines."""
    return [f'{os.path.basename(library)}, {time.strftime("%Y-%m-%d")}, {system()}',
            'tools/compat ' + shlex.join(sys.argv[1:])]


def seconds(figures):
    value = figures.get('cpu_s', figures.get('wall_s'))
    return f'{value:.2f}' if value is not None else '-'


def mebibytes(figures):
    value = figures.get('peak_kib')
    return f'{value / 1024:.0f}' if value is not None else '-'


def cells(result):
    return [str(result['tier']), result['name'], result['mode'], result['verdict'],
            seconds(result['without']), seconds(result['loaded']), mebibytes(result['without']),
            mebibytes(result['loaded']), str(result['processes']), str(result.get('lines') or '-')]


HEAD = ['tier', 'program', 'mode', 'verdict', 's without', 'with', 'MiB without', 'with', 'processes', 'lines']


class Report:
    def __init__(self, results, library):
        self.results = results
        self.library = os.path.basename(library)
        self.what, self.command = header(library)

    def counts(self):
        return {verdict: sum(r['verdict'] == verdict for r in self.results) for verdict in VERDICTS}

    def summary(self):
        return ', '.join(f'{n} {verdict}' for verdict, n in self.counts().items() if n) or 'nothing run'

    def table(self):
        rows = [HEAD] + [cells(r) for r in self.results]
        widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
        return [''.join(cell.ljust(width + 2) if i < 4 else cell.rjust(width) + '  '
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]

    def notes(self):
        """What is to be said of a row, each text once."""
        said = {}
        for r in self.results:
            if r['reason']:
                modes = said.setdefault((r['name'], r['verdict'], r['reason']), [])
                modes.append(r['mode'])
        for (name, verdict, reason), modes in said.items():
            where = '' if modes == ['plain'] else f' ({", ".join(modes)})'
            first, _, rest = reason.partition('\n')
            yield textwrap.fill(f'{name}{where}, {verdict}: {first}', 100, subsequent_indent='    ')
            if rest:
                yield textwrap.indent(rest.rstrip(), '    | ')

    def text(self):
        meanings = [f'  {v:<10}{MEANINGS[v]}' for v, n in self.counts().items() if n]
        return '\n'.join([
            self.what, self.command, '', *self.table(), '',
            self.summary(), *meanings,
            '  processor time of all processes (of cases of test/programs: time that passed), one run;',
            '  peak RSS of the largest process; processes in which malloc came from the library;',
            '  lines that were compared', '',
            *self.notes()]).rstrip()

    def json(self):
        return json.dumps({'what': self.what, 'command': self.command, 'results': self.results},
                          indent=1) + '\n'
