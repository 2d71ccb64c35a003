# SPDX-License-Identifier: MIT
"""The parts of tools/compat. It stands on the harness of test/programs."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'test', 'programs'))
