# SPDX-License-Identifier: MIT
"""C source as lint.py sees it: code without comments and literals, directives, functions."""
import re

TOKEN = re.compile(r'//(?:\\\n|[^\n])*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


class Source:
    """A C file, with comments and literals blanked so that rules see code alone."""

    def __init__(self, path, text):
        self.path = path
        self.lines = text.split('\n')
        self.comments = [''] * (len(self.lines) + 1)
        self.code = TOKEN.sub(self._blank, text)
        self.code_lines = self.code.split('\n')
        self.directives = []  # (line, keyword, argument)
        self.body_lines = self._without_directives()

    def _blank(self, match):
        token = match.group()
        if token[0] != '/':
            return token[0] + re.sub(r'[^\n]', ' ', token[1:-1]) + token[-1]
        first = match.string.count('\n', 0, match.start()) + 1
        for i, line in enumerate(token.split('\n')):
            self.comments[first + i] += line
        return re.sub(r'[^\n]', ' ', token)

    def _without_directives(self):
        body = list(self.code_lines)
        i = 0
        while i < len(body):
            match = re.match(r'\s*#\s*(\w+)(.*)', body[i])
            first, text = i, match.group(2) if match else ''
            while match and body[i].endswith('\\') and i + 1 < len(body):
                body[i], i = '', i + 1
                text = text[:-1] + ' ' + body[i]
            if match:
                self.directives.append((first + 1, match.group(1), text.strip()))
                body[i] = ''
            i += 1
        return body

    def matches(self, pattern):
        for number, line in enumerate(self.code_lines, 1):
            for match in pattern.finditer(line):
                yield number, match

    def guard(self):
        """Number of leading directives that are an include guard: 0, or 2."""
        if len(self.directives) < 3:
            return 0
        (_, first, name), (_, second, value) = self.directives[:2]
        last = self.directives[-1][1]
        return 2 if (first, second, last) == ('ifndef', 'define', 'endif') and name == value else 0

    def only_comment(self, number):
        return bool(self.comments[number]) and not self.code_lines[number - 1].strip()

    def comment_above(self, number):
        """The comment on this line and the block of comment lines that ends just above."""
        text = self.comments[number]
        number -= 1
        while number > 0 and self.only_comment(number):
            text, number = self.comments[number] + '\n' + text, number - 1
        return text


def function_name(head):
    """The function that this text before a `{` at file level defines, or None."""
    flat, before = head.strip(), None
    while flat != before:
        flat, before = re.sub(r'\s*\([^()]*\)', '@', flat), flat
    while True:  # attributes after the parameters
        shorter = re.sub(r'(?<=[\s@])(?:[A-Z][A-Z0-9_]+|__\w+)@?$', '', flat).rstrip()
        if shorter == flat or '@' not in shorter:
            break
        flat = shorter
    if '=' in flat or not flat.endswith('@'):
        return None
    if re.search(r'\b(?:struct|union|enum)\s+\w+@$', flat):
        return None
    # a function that returns a function pointer has two lists of parameters
    name = (re.search(r'\*\s*(\w+)\s*\(', head) if flat.endswith('@@')
            else re.search(r'(\w+)@$', flat))
    return name.group(1) if name else 'function'


class FunctionScanner:
    """Counts braces; a branch of a conditional starts where its `#if` started."""

    def __init__(self, source):
        self.depth, self.head, self.first, self.open = 0, '', 0, None
        self.found = []  # (name, first line, last line)
        branches, at = [], {line: word for line, word, _ in source.directives}
        for number, line in enumerate(source.body_lines, 1):
            word = at.get(number, '')
            if word.startswith('if'):
                branches.append((self.depth, self.open, self.head))
            elif word.startswith('el') and branches:
                self.depth, self.open, self.head = branches[-1]
            elif word == 'endif' and branches:
                branches.pop()
            for char in line + '\n':
                self.step(char, number)

    def step(self, char, number):
        if char == '{':
            self.enter()
        elif char == '}':
            self.leave(number)
        elif self.depth == 0:
            if not self.head.strip():
                self.first = number
            self.head = '' if char == ';' else self.head + char

    def enter(self):
        if self.depth == 0:
            if re.search(r'\bextern\s+"\s*"\s*$', self.head):
                self.head = ''
                return
            name = function_name(self.head)
            self.open = (name, self.first) if name else None
        self.depth += 1

    def leave(self, number):
        self.depth = max(self.depth - 1, 0)
        if self.depth == 0:
            if self.open:
                self.found.append((*self.open, number))
            self.head, self.open = '', None


def functions(source):
    return FunctionScanner(source).found
