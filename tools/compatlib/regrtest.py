#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What CPython's test runner found, a line for each module and test: regrtest.py LOG JUNIT.xml

Its own output cannot be compared: what several processes and threads of a test say gets into each
other's lines. The first test_X of a line is the module's name, by which it can be run again.
"""
import re
import sys
import xml.etree.ElementTree

MODULE = re.compile(r'load avg: \S+ \[ *\d+/\d+(?:/\d+)?\] (test_\w+) (.*)')
OFTEN_DIFFERENT = re.compile(r' -- .*| \([\d.]+ (?:min|sec).*?\)')


def modules(path):
    with open(path, encoding='utf-8', errors='replace') as log:
        for line in log:
            found = MODULE.search(line)
            if found:
                yield f'{found.group(1)}: {OFTEN_DIFFERENT.sub("", found.group(2))}'


def test_name(name):
    """Tests that stand beside their package, as ctypes.test.X, are those of the module test_ctypes."""
    package = name.split('.', 1)[0]
    is_named = package == 'test' or 'test_' in package or name.startswith('unittest.loader.')
    return name if is_named else f'test_{package}: {name}'


def tests(path):
    cases = xml.etree.ElementTree.parse(path).iter('testcase')
    for case in (case for case in cases if case.get('name')):  # of a module that ended early: none
        ends = sorted(child.tag for child in case if not child.tag.endswith('output'))
        yield f'{test_name(case.get("name"))} {" ".join(ends) or case.get("result")}'


if __name__ == '__main__':
    for said in sorted([*modules(sys.argv[1]), *tests(sys.argv[2])]):
        print(said)
