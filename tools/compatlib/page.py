# SPDX-License-Identifier: MIT
"""The table as one page that needs nothing else, light and dark."""
import html as text

from . import report

STYLE = '''
:root { color-scheme: light dark; --ink: #1d2126; --paper: #fff; --soft: #646c76; --line: #dcdfe3;
  --good: #1a7f37; --bad: #cf222e; --odd: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e6ea; --paper: #14171b; --soft: #98a0aa;
  --line: #30353c; --good: #4ac26b; --bad: #ff7b72; --odd: #d4a72c; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
p { color: var(--soft); } h1 { font-size: 1.4rem; } code { font-size: .9em; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td.figure, th.figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.same, .as-said { color: var(--good); } .differs { color: var(--bad); font-weight: 600; }
.unsteady, .not-run { color: var(--odd); }
details { color: var(--soft); } pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0; }
'''


def reason_cell(reason):
    first, _, rest = reason.partition('\n')
    if not rest:
        return text.escape(first)
    return f'<details><summary>{text.escape(first)}</summary><pre>{text.escape(rest)}</pre></details>'


def row(result):
    tier, name, mode, verdict, *figures = report.cells(result)
    kind = verdict.replace(' ', '-')
    return ''.join([
        f'<tr><td>{tier}</td><td title="{text.escape(result["about"])}">{text.escape(name)}</td>',
        f'<td>{text.escape(mode)}</td><td class="{kind}">{text.escape(verdict)}</td>',
        *(f'<td class="figure">{text.escape(figure)}</td>' for figure in figures),
        f'<td>{reason_cell(result["reason"])}</td></tr>'])


def html(made):
    head = ''.join(f'<th{" class=figure" if i > 3 else ""}>{text.escape(word)}</th>'
                   for i, word in enumerate(report.HEAD)) + '<th>note</th>'
    meanings = ' · '.join(f'<b>{v}</b> {text.escape(report.MEANINGS[v])}' for v in report.VERDICTS)
    return '\n'.join([
        '<!doctype html>', '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f'<title>Compatibility of {text.escape(made.library)}</title><style>{STYLE}</style></head><body>',
        f'<h1>Other people’s programs under {text.escape(made.library)}</h1>',
        f'<p>{text.escape(made.what)}<br>',
        f'<code>{text.escape(made.command)}</code></p>',
        f'<p><strong>{text.escape(made.summary())}</strong></p>',
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>',
        *(row(r) for r in made.results), '</tbody></table></div>',
        f'<p>{meanings}</p></body></html>', ''])
