#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every folder explains itself, and what a README points at exists.

A folder has a README.md of its own, or the README.md of the nearest folder above that has one
names it (fit for folders with one kind of data file). Relative links in all .md files lead
somewhere, and so does each path in back quotes that begins with a folder of the top.
"""

import re
from pathlib import Path

import tree

# folders of data, named for what they feed: the README above speaks of them as a whole
DATA = ('tests/fixtures/', 'tests/fuzz/corpus/')
# a word in capitals stands for one of many
PLACEHOLDER = re.compile(r'(?<![A-Z])(FILE|NAME|STORY|VERB|DIR|X)(?![A-Z])')


def check_folder(folder):
    if (tree.ROOT / folder / 'README.md').is_file():
        return None
    for above in folder.parents:
        readme = above / 'README.md'
        if above != Path('.') and (tree.ROOT / readme).is_file():
            if re.search(rf'\b{re.escape(folder.name)}/', tree.text(readme)):
                return None
            return f'{folder}/ has no README.md, and {readme} does not name {folder.name}/'
    return f'{folder}/ has no README.md'


def targets(path, tops):
    """(line, path) of all that a .md file points at inside the tree."""
    fenced = False
    for n, line in enumerate(tree.text(path).splitlines(), 1):
        if line.lstrip().startswith('```'):
            fenced = not fenced
        if fenced:
            continue
        for link in re.findall(r'\]\(([^)#\s]+)', line):
            if not re.match(r'[a-z]+:', link):
                yield n, path.parent / link
        for word in re.findall(r'`([\w./-]+)`', line):
            if word.split('/')[0] in tops and '/' in word and not PLACEHOLDER.search(word):
                yield n, Path(word)


def main():
    files = tree.files()
    folders = {p.parent for p in files} | {q for p in files for q in p.parent.parents}
    folders = sorted(f for f in folders if f != Path('.') and not f.parts[0].startswith('.')
                     and not str(f).startswith(DATA))
    tops = {f.parts[0] for f in folders}

    faults = [fault for fault in map(check_folder, folders) if fault]
    checked = len(folders)
    for path in (p for p in files if p.suffix == '.md'):
        for n, target in targets(path, tops):
            checked += 1
            if not (tree.ROOT / target).exists():
                faults.append(f'{path}:{n}: points at {target}, which does not exist')
    tree.finish(faults, checked)


main()
