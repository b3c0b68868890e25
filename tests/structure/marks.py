#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing unfinished and nothing of one person's machine in the tree.

Marks of unfinished work, absolute paths of a developer's own files, and trailing white space.
"""

import re

import tree

MARKS = [
    (re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X)\b'), 'a mark of unfinished work'),
    (re.compile(r'(?<![\w.$})\]-])/(home|work|Users|workspace)/\w'), "a path of somebody's machine"),
    (re.compile(r'[ \t]+$'), 'white space at the end of the line'),
]
# texts that are not ours, and kernel text that must stay as it was
EXEMPT = re.compile(r'LICENSE|LICENSES/.*|tests/(fixtures|fuzz/corpus)/.*|.*\.(png|bin|csv)')


def main():
    faults, checked = [], 0
    for path in tree.files():
        if EXEMPT.fullmatch(str(path)):
            continue
        checked += 1
        for n, line in enumerate(tree.text(path).splitlines(), 1):
            faults += [f'{path}:{n}: {what}' for mark, what in MARKS if mark.search(line)]
    tree.finish(faults, checked)


main()
