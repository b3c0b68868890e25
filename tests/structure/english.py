#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Words that comments, messages and documents do not use, each with what to write instead.

CONTRIBUTING.md, "House English", has the rules; the list grows by a word when all of its uses are
mended. Looked at are comments and strings of C and shell, and whole documents; not identifiers.
"""

import re

import tree

# word (a regular expression) -> what says it plainly
WORDS = {
    r'eyes?': 'what observes: the observer, a reader of files',
    r'hands': 'what acts: the actor, the reclaimer, the brakes; as a verb: passes, gives, returns',
    r'faces?': 'what publishes: D-Bus, the journal',
    r'doors?': 'the interface, a method, a socket',
    r'mouths?|ears?': 'what sends, what receives',
    r'trying on': 'retrying',
}
FORBIDDEN = {re.compile(rf'\b(?:{word})\b', re.I): plain for word, plain in WORDS.items()}
# code that is neither comment nor string is blanked, so that line numbers stay
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|[^/"]+|.', re.S)


def prose(path, text):
    if path.suffix in ('.md', '.scd', '.xml', '.catalog', '.in'):
        return text
    if path.suffix in ('.c', '.h'):
        return ''.join(t if t[0] == '"' or t[:2] in ('/*', '//') else '\n' * t.count('\n')
                       for t in TOKEN.findall(text))
    return None


def shell_prose(text):
    return '\n'.join(line if line.lstrip().startswith('#') or 'echo' in line else ''
                     for line in text.splitlines())


def is_shell(path, text):
    return path.suffix == '.sh' or path.suffix == '' and text.startswith('#!/bin/bash')


def main():
    faults, checked = [], 0
    for path in tree.files():
        if path.parts[0] in ('LICENSES', 'LICENSE') or path.name == 'LICENSE':
            continue
        text = tree.text(path)
        said = shell_prose(text) if is_shell(path, text) else prose(path, text)
        if said is None:
            continue
        checked += 1
        for number, line in enumerate(said.splitlines(), 1):
            for word, plain in FORBIDDEN.items():
                for found in word.findall(line) and [word.search(line).group(0)]:
                    faults.append(f'{path}:{number}: "{found}": {plain}')
    tree.finish(faults, checked)


main()
