# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists of mutations as text: equivalent.txt, and the survivors of a run.

An entry is a block of lines, with an empty line between two:

    policies/brake.c:92 runs_out
    - the line as it is
    + the line as it was changed
    The sentence.

The line number is for the reader: an entry is found again by file, function and both lines. Where
the same line stands twice in a function, the entry is about both.
"""

import re
import sys
from collections import namedtuple

Entry = namedtuple('Entry', 'path where before after sentence')
HEAD = re.compile(r'(\S+?)(?::\d+)? (\S+)$')


def key(mutation):
    return mutation.path, mutation.where, mutation.before, mutation.after


def block(mutation):
    return (f'{mutation.path}:{mutation.line} {mutation.where}\n'
            f'- {mutation.before}\n+ {mutation.after}')


def read(path):
    entries = []
    if not path.exists():
        return entries
    for text in re.split(r'\n\s*\n', path.read_text().strip()):
        lines = [line for line in text.splitlines() if not line.startswith('#')]
        if not lines:
            continue
        head = HEAD.match(lines[0])
        if not head or len(lines) < 3 or lines[1][:1] != '-' or lines[2][:1] != '+':
            sys.exit(f'{path}: no "FILE FUNCTION", "- LINE", "+ LINE" and sentence:\n{text}')
        entries.append(Entry(head[1], head[2], lines[1][1:].strip(), lines[2][1:].strip(),
                             ' '.join(lines[3:])))
    return entries


def stale(equivalent, everything):
    """What is wrong with the list of equivalents, a line each."""
    known = {key(m) for m in everything}
    return ([f'equivalent.txt: {e.path} {e.where} has no such mutation any more: {e.before}'
             for e in equivalent if key(e) not in known] +
            [f'equivalent.txt: {e.path} {e.where} has no sentence: {e.before}'
             for e in equivalent if not e.sentence])
