#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `reliefctl settings -j` says, for ctl-settings.sh.

  value SECTION KEY          of the list on stdin: "VALUE ORIGIN"
  keys SECTION               of the list on stdin
  change LIST                a drop-in that gives every key of a profile another value
  compare BEFORE AFTER FILE  every key of a profile has what FILE says, from its line
"""

import json
import re
import sys

# what a list takes, where a pattern alone is not right
LISTS = {'Priority': 'other-*.service:5'}
RUNGS = {'MediumRung': 'warn', 'HighRung': 'shed', 'CriticalRung': 'unload'}


def number(text):
    match = re.fullmatch(r'([0-9.]+)([a-zA-Z%]*)', text)
    return (float(match[1]), match[2]) if match else (None, None)


def plain(value):
    return f'{value:g}'


def other(key, value):
    """Another value that keeps the order of thresholds: all shares and times shrink alike."""
    n, unit = number(value)
    if key in RUNGS:
        return RUNGS[key]
    if value in ('off', 'auto', 'freeze', 'throttle'):
        return 'freeze' if value != 'freeze' else 'auto'
    if n is None:
        return None  # a list of patterns
    if unit == '%' and n == 0:
        return '95%' if key.endswith('Critical') else '1%'
    if unit == '%':
        return plain(n * 0.9) + '%'
    if unit in ('us', 'ms', 's', 'min', 'h', 'd'):
        return plain(n / 2) + unit
    if unit in ('K', 'M', 'G', 'T'):
        return plain(n * 2) + unit
    assert unit == '', f'{key}={value}: of what kind is this? teach other()'
    return plain(n + 1)


def of_profile(settings):
    return [s for s in settings if s['Section'] != 'Daemon']


def change(settings):
    for s in of_profile(settings):
        print(f'[{s["Section"]}]')
        value = other(s['Key'], s['Value'])
        if value is None:
            print(f'{s["Key"]}=')
            value = LISTS.get(s['Key'], 'other-*.service')
        print(f'{s["Key"]}={value}')


def same(a, b):
    """1.5s is 1500ms."""
    units = {'us': 1e-6, 'ms': 1e-3, 's': 1, 'min': 60, 'h': 3600, 'd': 86400,
             'K': 2**10, 'M': 2**20, 'G': 2**30, 'T': 2**40, '': 1, '%': 1}
    if a == b:
        return True

    def total(text):
        parts = [number(p) for p in text.split()]
        return None if any(n is None for n, _ in parts) else sum(n * units[u] for n, u in parts)
    return total(a) is not None and total(b) is not None and abs(total(a) - total(b)) < 1e-9


def compare(before, after, path):
    lines = open(path).read().splitlines()
    old = {(s['Section'], s['Key']): s for s in of_profile(before)}
    assert len(old) > 50, f'only {len(old)} settings'
    for s in of_profile(after):
        name = f'{s["Key"]}= in [{s["Section"]}]'
        assert s['Origin'].startswith(path + ':'), f'{name} is from {s["Origin"]}'
        line = lines[int(s['Origin'].rsplit(':', 1)[1]) - 1]
        assert line.startswith(s['Key'] + '='), f'{name} is not at {s["Origin"]}: {line}'
        wanted = line.split('=', 1)[1]
        assert same(s['Value'], wanted), f'{name} is {s["Value"]}, not {wanted}'
        assert s['Value'] != old[s['Section'], s['Key']]['Value'], f'{name} has not changed'


def load(path):
    return json.load(open(path))


def main(verb, *arguments):
    if verb == 'value':
        for s in json.load(sys.stdin):
            if (s['Section'], s['Key']) == arguments:
                print(s['Value'], s['Origin'])
    elif verb == 'keys':
        print('\n'.join(s['Key'] for s in json.load(sys.stdin) if s['Section'] == arguments[0]))
    elif verb == 'change':
        change(load(arguments[0]))
    else:
        compare(load(arguments[0]), load(arguments[1]), arguments[2])


main(*sys.argv[1:])
