# SPDX-License-Identifier: MIT
"""Problems for a solver in SMT-LIB 2 that data.py makes; each is asked after a reset."""


def multiplication(bits, product):
    """Which two numbers, neither of them 1, have this product?"""
    yield '(set-logic QF_BV)\n'
    for name in 'ab':
        yield f'(declare-const {name} (_ BitVec {2 * bits}))\n'
        yield f'(assert (and (bvugt {name} (_ bv1 {2 * bits})) '
        yield f'(bvult {name} (_ bv{1 << bits} {2 * bits}))))\n'
    yield f'(assert (and (bvule a b) (= (bvmul a b) (_ bv{product} {2 * bits}))))\n'


def schedule(chance, jobs, machines):
    """A job shop: each job passes through all machines in an order of its own."""
    yield '(set-logic QF_IDL)\n'
    spans = {}
    for j in range(jobs):
        for m in range(machines):
            spans[j, m] = chance.randint(1, 9)
            yield f'(declare-const t{j}_{m} Int)\n(assert (>= t{j}_{m} 0))\n'
    limit = max(sum(spans[j, m] for j in range(jobs)) for m in range(machines)) + 6
    for j in range(jobs):
        order = chance.sample(range(machines), machines)
        for m, after in zip(order, order[1:]):
            yield f'(assert (>= (- t{j}_{after} t{j}_{m}) {spans[j, m]}))\n'
        yield f'(assert (<= t{j}_{order[-1]} {limit - spans[j, order[-1]]}))\n'
    for m in range(machines):
        for j in range(jobs):
            for k in range(j):
                yield (f'(assert (or (>= (- t{j}_{m} t{k}_{m}) {spans[k, m]}) '
                       f'(>= (- t{k}_{m} t{j}_{m}) {spans[j, m]})))\n')


def knapsack(chance, items):
    """Linear integer arithmetic: two sums at once."""
    yield '(set-logic QF_LIA)\n'
    for i in range(items):
        yield f'(declare-const x{i} Int)\n(assert (and (>= x{i} 0) (<= x{i} 1)))\n'
    weights = [(chance.randint(100, 999), chance.randint(100, 999)) for _ in range(items)]
    for side in (0, 1):
        terms = ' '.join(f'(* {weights[i][side]} x{i})' for i in range(items))
        yield f'(assert (= (+ {terms}) {sum(w[side] for w in weights[::2])}))\n'


def lists(length):
    """Quantifiers, matched against terms: an ordered array stays ordered after writes."""
    yield '(set-logic AUFLIA)\n(declare-const a0 (Array Int Int))\n'
    yield '(assert (forall ((i Int) (j Int)) (=> (and (<= 0 i) (< i j)) ' \
          '(<= (select a0 i) (select a0 j)))))\n'
    for k in range(1, length):
        yield (f'(declare-const a{k} (Array Int Int))\n(assert (= a{k} (store a{k - 1} {k} '
               f'(select a{k - 1} {k - 1}))))\n')
    yield f'(assert (> (select a{length - 1} {length // 2}) (select a0 {length})))\n'


def all_of(chance, quick):
    problems = [multiplication(15, 32717 * 32719), lists(400)]
    if not quick:
        problems += [multiplication(22, 4194301 * 4194287), lists(2000), schedule(chance, 11, 8),
                     knapsack(chance, 18), knapsack(chance, 18), knapsack(chance, 18)]
    for problem in problems:
        yield from problem
        yield '(check-sat)\n(reset)\n'
