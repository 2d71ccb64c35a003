# SPDX-License-Identifier: MIT
"""Trees, tables and text in Python: source is parsed, changed, printed and compiled; documents are
read, grouped and written. Reads documents.json. usage: objects.py [--quick]"""
import ast
import collections
import json
import re
import sys
import zlib

FUNCTION = '''
class Table{n}(dict):
    """Number {n} of many."""
    limit = {n} * 7 % 31

    def add(self, key, *values, scale=1.5, **options):
        found = [v * scale for v in values if v is not None and v > self.limit]
        if not found:
            return self.setdefault(key, {{'n': {n}, 'options': options}})
        for position, value in enumerate(sorted(found, key=lambda v: -v)):
            self[key, position] = f'{{key}}-{{value:.2f}}-{n}'
        return max(found) if len(found) > 1 else found[0]
'''


class Renamed(ast.NodeTransformer):
    def visit_Name(self, node):
        return ast.copy_location(ast.Name(f'{node.id}_', node.ctx), node)


def trees(functions):
    source = ''.join(FUNCTION.format(n=n) for n in range(functions))
    tree = Renamed().visit(ast.parse(source))
    names = collections.Counter(type(node).__name__ for node in ast.walk(tree))
    printed = ast.unparse(ast.fix_missing_locations(tree))
    compile(printed, 'printed', 'exec')
    return printed + repr(sorted(names.items()))


def tables(documents):
    groups = collections.defaultdict(list)
    for document in documents:
        for tag in document['tags']:
            groups[tag].append((document['name'], document['scores']))
    best = {tag: sorted(found, key=lambda pair: (len(pair[1]), pair[0]))[:5]
            for tag, found in groups.items()}
    return json.dumps(best, sort_keys=True)


def text(documents):
    words = collections.Counter()
    for document in documents:
        words.update(re.findall(r'\w+', document['text']))
        document['text'] = re.sub(r'(\w+) (\w+)', lambda m: m[2].upper() + m[1], document['text'])
    return repr(words.most_common(1000)) + json.dumps(documents, indent=1)


def main():
    with open('documents.json', encoding='utf-8') as file:
        documents = json.load(file)
    sums = 1
    for part in (trees(80 if '--quick' in sys.argv else 400), tables(documents), text(documents)):
        sums = zlib.crc32(part.encode(), sums)
    print(f'checksum {sums:016x}')


main()
