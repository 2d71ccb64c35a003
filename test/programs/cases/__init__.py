# SPDX-License-Identifier: MIT
"""The programs that are tried, one function each: it gives the commands, the harness compares."""
import os

SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), 'scripts')


class Case:
    def __init__(self, body, needs, prepare, ignore, order_matters):
        self.body = body
        self.needs = needs
        self.prepare = prepare
        self.ignore = ignore
        self.order_matters = order_matters


CASES = {}


def script(name):
    return os.path.join(SCRIPTS, name)


def case(name, needs, prepare=None, ignore=(), order_matters=True):
    """Registers a case. needs: programs, or tuples of alternatives; ignore: files not compared."""
    def register(body):
        CASES[name] = Case(body, needs, prepare, ignore, order_matters)
        return body
    return register
