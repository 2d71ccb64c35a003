# SPDX-License-Identifier: MIT
"""Explores a model, and then what is left of it without one of its parts: run.py recall|spare|...

The model must hold in every interleaving, with each cast of programs if it has several. Each mutant must not: so the model can fail, and every
part of the protocol is there for a reason.
"""
import importlib
import sys

from explore import Violation, explore


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ('-h', '--help'):
        print(__doc__)
        return 2
    model = importlib.import_module(sys.argv[1])
    memory, programs, check_end = model.MODEL
    casts = programs if isinstance(programs, dict) else {sys.argv[1]: programs}
    failures = 0
    for name, cast in casts.items():
        try:
            states, ends = explore(memory, cast, check_end)
            print(f'{name}: {states} states, {ends} ends, nothing wrong')
        except Violation as reason:
            print(f'{name}: {reason}')
            failures += 1
    for name, mutant in model.MUTANTS.items():
        try:
            explore(memory, mutant, check_end)
            print(f'without a part ({name}): nothing wrong, which is wrong')
            failures += 1
        except Violation as reason:
            print(f'without a part ({name}): {reason}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
