#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ctl-metrics.py EXPRESSION...: stdin is Prometheus' text exposition format 0.0.4, and each EXPRESSION is true.

A small reader of the format that takes nothing else: every metric has one HELP and one TYPE before its
samples, which stand together; names, label names, escapes and values are as the format says; no sample is
there twice. In an expression value(NAME, LABEL=VALUE...) is a sample, types[NAME] a type.
"""

import re
import sys

NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
VALUE = re.compile(r'[-+]?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|Inf)|NaN')
TYPES = ('counter', 'gauge', 'histogram', 'summary', 'untyped')

helps, types, samples = {}, {}, {}


def fault(number, what):
    sys.exit(f'line {number}: {what}')


def unescape(text):
    return re.sub(r'\\(.)', lambda m: {'n': '\n'}.get(m[1], m[1]), text)


def labels_of(text, number):
    labels, at = {}, 0
    while at < len(text):
        found = LABEL.match(text, at)
        if not found or found[1] in labels:
            fault(number, f'labels {text!r}')
        labels[found[1]] = unescape(found[2])
        at = found.end()
    return labels


def read_comment(line, number):
    words = line.split(' ', 3)
    if len(words) < 4 or words[1] not in ('HELP', 'TYPE') or not re.fullmatch(NAME, words[2]):
        fault(number, f'comment {line!r}')
    kind, name, text = words[1:]
    known = helps if kind == 'HELP' else types
    if name in known or any(name == sample for sample, _ in samples):
        fault(number, f'{kind} of {name} comes twice, or late')
    if kind == 'TYPE' and text not in TYPES:
        fault(number, f'type {text}')
    known[name] = text


def read_sample(line, number, last_name):
    found = re.fullmatch(rf'({NAME})(?:\{{(.*)\}})? (\S+)', line)
    if not found or not VALUE.fullmatch(found[3]):
        fault(number, f'sample {line!r}')
    name, labels = found[1], labels_of(found[2] or '', number)
    key = (name, tuple(sorted(labels.items())))
    if key in samples:
        fault(number, f'{name} {labels} comes twice')
    if name not in helps or name not in types:
        fault(number, f'{name} has no HELP or no TYPE')
    if name != last_name and any(name == sample for sample, _ in samples):
        fault(number, f'samples of {name} do not stand together')
    if types[name] == 'counter' and not name.endswith('_total'):
        fault(number, f'counter {name} is not called _total')
    samples[key] = float(found[3])
    return name


def value(name, **labels):
    found = [v for (n, ls), v in samples.items() if n == name and labels.items() <= dict(ls).items()]
    if len(found) != 1:
        sys.exit(f'{len(found)} samples of {name} with {labels}')
    return found[0]


text, last = sys.stdin.read(), None
if not text.endswith('\n'):
    sys.exit('the last line has no end')
for n, each in enumerate(text.split('\n')[:-1], 1):
    if each.startswith('#'):
        read_comment(each, n)
    elif each:
        last = read_sample(each, n, last)
for expression in sys.argv[1:]:
    if not eval(expression):  # the test's own words
        sys.exit(f'not so: {expression}')
