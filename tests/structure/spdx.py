#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each file names its licence in its first line (the second, below #!), the one of its folder.

A meson.build may have that of the programs anywhere: it is not part of what is built.
"""

import re

import tree

# the first that fits
LICENCES = [
    ('controller/client/', 'LGPL-2.1-or-later'),
    ('bpf/', '(GPL-2.0-only OR BSD-2-Clause)'),
    ('', 'GPL-2.0-or-later'),
]
# prose, licence texts, data whose format has no comments, and settings of tools
EXEMPT = re.compile(r'''
    .*\.(md|txt|json|csv|expected|trace|symbols|bin|png|ini) | LICENSE | \.gitignore | \.editorconfig
  | tests/(fixtures|fuzz/corpus|traces)/.*
''', re.VERBOSE)


def check(path):
    head = tree.text(path).splitlines()[:3]
    # A page for scdoc begins with its title.
    if head and (head[0].startswith(('#!', '<?xml', '#compdef')) or path.suffix == '.scd'):
        head = head[1:]
    if head and head[0].startswith('<!DOCTYPE'):
        head = head[1:]
    found = re.search(r'SPDX-License-Identifier: *(.+?) *(\*/|-->)?$', head[0] if head else '')
    if not found:
        return f'{path}: no SPDX-License-Identifier in the first line'
    wanted = next(licence for start, licence in LICENCES if str(path).startswith(start))
    if found[1] != wanted and not (path.name == 'meson.build' and found[1] == LICENCES[-1][1]):
        return f'{path}: {found[1]}, but its folder has {wanted}'
    return None


def main():
    paths = [p for p in tree.files() if not EXEMPT.fullmatch(str(p))]
    tree.finish([fault for fault in map(check, paths) if fault], len(paths))


main()
