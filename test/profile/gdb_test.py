#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ask the gdb script about a live process and about its core file, which has to stay small; and
compare what the script believes of the library's records with the compiler."""
import argparse
import ast
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
CORE_MAX_BYTES = 64 << 20  # of a reservation of 16 TiB; some 4 MiB are in use

QUESTIONS = [  # expression, what the answer has to say
    ('in_use[7]', 'state: in use', '112 bytes'),
    ('inside', 'state: in use', 'byte 40 of it'),
    ('in_use[1999]', 'state: in use', '112 bytes'),
    ('freed[7]', 'state: free', '112 bytes'),
    ('freed[1999]', 'state: free', '112 bytes'),
    ('large', 'state: in use', 'slot'),
    ('large+5000', 'state: in use', 'byte 5000 of it'),
    ('large_freed', 'state: free', 'slot'),
    ('foreign', 'not ours', ''),
]


def gdb(args, commands):
    words = ['gdb', '-batch', '-nx', '-iex', 'set auto-load no',
             '-iex', 'set debuginfod enabled off']
    for command in commands:
        words += ['-ex', command]
    run = subprocess.run(words + args, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         timeout=100)
    return run.stdout


def ask(script):
    commands = [f'source {script}']
    for expression, _, _ in QUESTIONS:
        commands += [f'echo ANSWER\\n', f'bumpalloc what {expression}']
    return commands + ['echo ANSWER\\n', 'bumpalloc classes', 'echo ANSWER\\n',
                       'bumpalloc spans 112', 'echo ANSWER\\n', 'bumpalloc span in_use[7]',
                       'echo ANSWER\\n', 'bumpalloc slots']


def judge(where, text, failures):
    answers = text.split('ANSWER\n')[1:]
    if len(answers) != len(QUESTIONS) + 4:
        failures.append(f'{where}: {len(answers)} answers\n{text}')
        return
    for (expression, *wanted), answer in zip(QUESTIONS, answers):
        for words in wanted:
            if words not in answer:
                failures.append(f'{where}: {expression}: no "{words}" in\n{answer}')
    judge_walks(where, answers[len(QUESTIONS):], failures)


def judge_walks(where, answers, failures):
    classes, spans, objects, slots = answers
    row = re.search(r'^ +112 +(\d+) +(\d+) +(\d+)$', classes, re.M)
    if not row or not 2000 <= int(row.group(2)) <= 2100:
        failures.append(f'{where}: 2000 objects of 112 bytes are in use, not\n{classes}')
    if row and len(spans.splitlines()) != int(row.group(1)):
        failures.append(f'{where}: {row.group(1)} spans, not\n{spans}')
    if len(objects.splitlines()) != 65536 // 112 or ' in use' not in objects:
        failures.append(f'{where}: the objects of a span\n{objects[:500]}')
    if not re.search(r'524288 bytes: in use', slots):
        failures.append(f'{where}: slots\n{slots}')


def check_layout(layout_program, script, failures):
    """The script's tables, taken from its text: it cannot be imported outside of gdb."""
    tree = ast.parse(pathlib.Path(script).read_text())
    tables = {node.targets[0].id: node.value for node in tree.body
              if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}
    believed = ast.literal_eval(tables['LAYOUT'])
    lines = subprocess.run([layout_program], text=True, check=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    seen = set()
    for record, field, value in (line.split() for line in lines):
        if record not in believed:
            continue
        of = believed[record].get(field)
        of = of if field == 'size' else of and of[0]
        seen.add((record, field))
        if of != int(value):
            failures.append(f'layout: {record}.{field} is at {value}, not {of}')
    if len(seen) < 25:
        failures.append(f'layout: only {len(seen)} fields compared')
    parts = int(next(line.split()[2] for line in lines if line.startswith('parts count')))
    if len(ast.literal_eval(tables['PARTS'])) != parts:
        failures.append(f'layout: {parts} parts')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('program', help='test/profile/debuggee')
    parser.add_argument('--library', required=True)
    parser.add_argument('--layout', required=True, help='test/profile/layout')
    parser.add_argument('--script', required=True, help='tools/gdb/libbumpalloc-gdb.py')
    args = parser.parse_args()
    failures = []
    check_layout(args.layout, args.script, failures)
    if not shutil.which('gdb'):
        print('\n'.join(failures) or 'gdb is not installed')
        return 1 if failures else SKIP
    with tempfile.TemporaryDirectory() as folder:
        core = os.path.join(folder, 'core')
        start = [f'set environment LD_PRELOAD {args.library}', 'set startup-with-shell off',
                 'run']
        live = gdb([args.program], start + [f'generate-core-file {core}'] + ask(args.script))
        judge('live', live, failures)
        if os.path.exists(core):
            size = os.path.getsize(core)
            print(f'core file of {size >> 20} MiB')
            if size > CORE_MAX_BYTES:
                failures.append(f'the core file has {size} bytes')
            judge('core', gdb([args.program, core], ask(args.script)), failures)
        else:
            failures.append(f'no core file:\n{live}')
    print('\n'.join(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
