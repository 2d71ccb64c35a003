# SPDX-License-Identifier: MIT
"""Reads meson's log of a test run, shows what failed, and prints the counts for tools/check.

usage: check_report.py TESTLOG_JSON   (prints "PASSED FAILED SKIPPED" on stdout, details on stderr)
"""
import json
import sys

PASSED = {'OK', 'EXPECTEDFAIL'}
SKIPPED = {'SKIP'}
TAIL_LINES = 40


def read_log(path):
    with open(path) as file:
        return [json.loads(line) for line in file if line.strip()]


def show_failure(test):
    print(f'\n--- {test["name"]}: {test["result"]}, status {test.get("returncode")}, '
          f'{test.get("duration", 0):.1f} s', file=sys.stderr)
    for stream in ('stdout', 'stderr'):
        lines = (test.get(stream) or '').rstrip().splitlines()
        if len(lines) > TAIL_LINES:
            print(f'[{stream}: the last {TAIL_LINES} of {len(lines)} lines]', file=sys.stderr)
        for line in lines[-TAIL_LINES:]:
            print(f'  {line[:300]}', file=sys.stderr)


def count(tests):
    """Whatever is neither a pass nor a skip is a failure, also a result not known here."""
    passed = sum(test['result'] in PASSED for test in tests)
    skipped = sum(test['result'] in SKIPPED for test in tests)
    return passed, len(tests) - passed - skipped, skipped


def show_skip(test):
    words = (test.get('stdout') or '').strip().splitlines()
    print(f'skipped {test["name"]}: {words[-1] if words else "no reason given"}', file=sys.stderr)


def main():
    try:
        tests = read_log(sys.argv[1])
    except (OSError, ValueError) as reason:
        print(f'no usable test log: {reason}', file=sys.stderr)
        tests = []
    for test in tests:
        if test['result'] in SKIPPED:
            show_skip(test)
        elif test['result'] not in PASSED:
            show_failure(test)
    print(*count(tests))


if __name__ == '__main__':
    main()
