# SPDX-License-Identifier: GPL-2.0-or-later
"""Where C text can be changed so that it still compiles: one small fault each.

Tokens are enough for that, since the formatting is fixed: a binary operator has a blank on both
sides, a brace alone in the first column opens a function, and one with a semicolon closes a table.
Comments, strings, preprocessor lines and asserts are left alone, and what follows when memory runs
out for ourselves: no test lets it.
"""

import re
from collections import namedtuple

# text[start:end] becomes new. where: the function or table around it. before and after: the lines
# that differ, each run of white space one blank; with path and where they name a mutation, also
# after the lines above it moved.
Mutation = namedtuple('Mutation', 'path line where before after start end new')
Token = namedtuple('Token', 'kind text start end')

TOKEN = re.compile(r'''
    (?P<skip> \s+ | /\*.*?\*/ | //[^\n]* | ^[ \t]*\#(?:\\\n|[^\n])* )
  | (?P<text> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )
  | (?P<word> [A-Za-z_]\w* )
  | (?P<number> \d\w* )
  | (?P<op> <<= | >>= | -> | \+\+ | -- | << | >> | [<>=!]= | && | \|\| | [-+*/%&|^]= | . )
''', re.S | re.M | re.X)

RELATIONS = {'<': '<=', '<=': '<', '>': '>=', '>=': '>', '==': '!=', '!=': '=='}
OPERATORS = {'+': '-', '-': '+', '*': '/', '/': '*', '%': '*', '<<': '>>', '>>': '<<', '&': '|',
             '|': '&', '&&': '||', '||': '&&', '+=': '-=', '-=': '+=', '*=': '/=', '/=': '*=',
             '&=': '|=', '|=': '&='}
# The bound is moved to where the other relation does not bring it.
BOUNDS = {'<': -1, '<=': +1, '>': +1, '>=': -1}
STEPS = {'++': '--', '--': '++', 'continue': 'break', 'break': 'continue'}
CONSTANT = re.compile(r'[A-Z][A-Z0-9_]+$')
KEYWORDS = {'if', 'while', 'for', 'switch', 'return', 'sizeof', 'do', 'else', 'goto', 'case'}
ASSERTS = {'assert', 'static_assert', '_Static_assert'}
AREA = re.compile(r'^\{$.*?^\}$|^[\w][^\n;()]*=\s*\{$.*?^\};$', re.S | re.M)


def tokens(text):
    found = [Token(m.lastgroup, m[0], m.start(), m.end()) for m in TOKEN.finditer(text)]
    return [t for t in found if t.kind != 'skip']


def areas(text):
    """(start, end, name, head) of each function and table; a table has no head."""
    for m in AREA.finditer(text):
        if m[0][0] != '{':
            name = re.search(r'(\w+)(\[[^\]]*\])*\s*=', m[0])[1]
            yield m.start(), m.end(), name, None
            continue
        # the head: what stands above, to a blank line or the end of something else
        head = re.split(r'\n\n|^[}#/].*\n|^ \*.*\n', text[:m.start()], flags=re.M)[-1]
        found = re.search(r'(\w+)\(', head)
        if found:
            yield m.start(), m.end(), found[1], head
    # a table that begins with its struct
    for m in re.finditer(r'^\} (\w+)\[\] = \{$.*?^\};$', text, re.S | re.M):
        yield m.start(), m.end(), m[1], None


def matching(found, i):
    """The index of the parenthesis that closes the one at i."""
    depth = 0
    for k in range(i, len(found)):
        depth += {'(': 1, ')': -1}.get(found[k].text, 0)
        if depth == 0:
            return k
    return len(found) - 1


def moved(token, by):
    """A bound, moved by one. 0 is no bound: that there is nothing is another question."""
    if token.kind == 'number' and token.text.isdecimal():
        return [str(int(token.text) + by)] if int(token.text) else []
    return [f'({token.text} + 1)' if by > 0 else f'({token.text} - 1)']


def is_bound(found, k):
    return (found[k].kind == 'number' or found[k].kind == 'word' and
            CONSTANT.match(found[k].text)) and found[k + 1].text != '('


def returned(expression, head):
    """What a function may give back instead: a fault for success and the other way round."""
    if re.search(r'\bbool\b', head.split('(')[0]):
        return [{'true': 'false', 'false': 'true'}.get(expression, f'!({expression})')]
    if expression == '0':
        return ['-5']
    if re.fullmatch(r'-E[A-Z]+|r', expression):
        return ['0']
    return []


def in_function(text, found, i, head, controls):
    """(start, end, new) for the token at i."""
    t, after = found[i], found[i + 1]
    is_binary = text[t.start - 1] in ' \t\n' and text[t.end] in ' \n'

    if t.text in RELATIONS and is_binary:
        yield t.start, t.end, RELATIONS[t.text]
        if t.text in BOUNDS and is_bound(found, i + 1):
            for new in moved(after, BOUNDS[t.text]):
                yield after.start, after.end, new
    elif t.text in OPERATORS and is_binary:
        yield t.start, t.end, OPERATORS[t.text]
    elif t.text in STEPS:
        yield t.start, t.end, STEPS[t.text]
    elif t.text == '!':
        yield t.start, t.end, ''
    elif t.text in ('if', 'while') and after.text == '(':
        end = found[matching(found, i + 1)].start
        yield after.end, end, f'!({text[after.end:end]})'
    elif t.text == 'return' and after.text != ';':
        end = next(u.start for u in found[i:] if u.text == ';')
        for new in returned(text[after.start:end], head):
            yield after.start, end, new
    elif t.kind == 'word' and after.text == '(' and t.text not in KEYWORDS:
        before, end = found[i - 1], matching(found, i + 1)
        if found[end + 1].text == ';' and (before.text in ';{}' or before.text == 'else' or
                                           i - 1 in controls):
            lines = text.count('\n', t.start, found[end].end)
            yield t.start, found[end].end, '\n' * lines


def in_table(found, i):
    """Bounds in a table: numbers, and constants that are a whole entry."""
    t = found[i]
    if t.kind == 'number' or (is_bound(found, i) and found[i - 1].text in ',' and
                              found[i + 1].text in ',}'):
        for new in moved(t, +1) + moved(t, -1):
            yield t.start, t.end, new


def changes(text):
    """(start, end, new, where) for all of the text."""
    found = tokens(text)
    known = sorted(areas(text))
    asserted, controls = -1, set()
    for i, t in enumerate(found):
        if t.text in ('if', 'while', 'for') and found[i + 1].text == '(':
            controls.add(matching(found, i + 1))
        if t.text in ASSERTS:
            asserted = matching(found, i + 1)
        area = next((a for a in known if a[0] < t.start < a[1] - 1), None)
        if i <= asserted or not area:
            continue
        head = area[3]
        for change in (in_table(found, i) if head is None else
                       in_function(text, found, i, head, controls)):
            yield *change, area[2]


def mutations(path, text):
    """All mutations of a file, in the order of the text."""
    result = []
    for start, end, new, where in changes(text):
        first, last = text.rindex('\n', 0, start) + 1, text.index('\n', end)
        before = ' '.join(text[first:last].split())
        after = ' '.join((text[first:start] + new + text[end:last]).split())
        if 'ENOMEM' in before:
            continue
        result.append(Mutation(path, text.count('\n', 0, start) + 1, where, before, after,
                               start, end, new))
    return result


def applied(mutation, text):
    return text[:mutation.start] + mutation.new + text[mutation.end:]
