# SPDX-License-Identifier: MIT
"""Runs a real program on real input with and without the library and compares what it does.

Its output, exit status, stderr and the files that it leaves must be the same, and every process
that it starts must have taken malloc from the library. Exit status: 0 same, 77 not installed.
"""
import argparse
import os
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True

import harness  # noqa: E402
import modes  # noqa: E402
from cases import CASES, compilers, databases, files, languages, probe, shells  # noqa: E402,F401


def resolve_tools(case):
    return [harness.find_program(*(need if isinstance(need, tuple) else (need,)))
            for need in case.needs]


def one_pass(case, run):
    try:
        case.body(run)
    finally:
        run.close()
    return run


def run_case(case, root, options):
    tools = {'source': os.path.realpath(options.source)}
    resolve_tools(case)
    os.mkdir(os.path.join(root, 'input'))
    if case.prepare:
        case.prepare(os.path.join(root, 'input'))
    mode = modes.MODES[options.mode]
    plain = one_pass(case, harness.Run('without', root, tools, mode=mode))
    loaded = one_pass(case, harness.Run('with', root, tools, os.path.abspath(options.library),
                                        os.path.abspath(options.witness), mode))
    return harness.judge(case, plain, loaded)


def attempt(name, root, options):
    try:
        problems = run_case(CASES[name], root, options)
    except harness.Skip as reason:
        print(f'skip: {reason}')
        return harness.SKIP
    except harness.Broken as reason:
        if options.mode != 'plain' and 'without the library' in str(reason):
            print(f'skip: not in this mode: {reason}')
            return harness.SKIP
        problems = [str(reason)]
    for problem in problems:
        print(f'FAIL: {problem}')
    return 1 if problems else 0


def parse():
    here = os.path.dirname(os.path.realpath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('name', choices=sorted(CASES), help='the case to run')
    parser.add_argument('--library', required=True, help='the library under test')
    parser.add_argument('--witness', required=True, help='the built witness')
    parser.add_argument('--source', default=os.path.join(here, '..', '..'), help='source tree')
    parser.add_argument('--mode', choices=list(modes.MODES), default='plain',
                        help='limits and settings for the program (plain)')
    parser.add_argument('--keep', action='store_true', help='keep the folder with all results')
    return parser.parse_args()


def main():
    options = parse()
    # Short, and the same in both passes: socket paths are limited and objects hold their paths.
    root = os.path.realpath(tempfile.mkdtemp(prefix='bump-'))
    os.umask(0o022)
    try:
        return attempt(options.name, root, options)
    finally:
        if options.keep:
            print(f'kept: {root}')
        else:
            shutil.rmtree(root, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
