#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bus-same-interface.py INTERFACE DOCUMENTED.xml LIVE.xml: both describe the interface alike.

Members, argument names, types and directions, property access and change signals; in any order.
"""

import sys
import xml.etree.ElementTree as ElementTree

EMITS = 'org.freedesktop.DBus.Property.EmitsChangedSignal'
NO_REPLY = 'org.freedesktop.DBus.Method.NoReply'


def annotation(element, name, default):
    return next((a.get('value') for a in element.findall('annotation') if a.get('name') == name), default)


def arguments(member, default_direction):
    return [(a.get('name'), a.get('type'), a.get('direction', default_direction))
            for a in member.findall('arg')]


def describe(path, name):
    for interface in ElementTree.parse(path).getroot().iter('interface'):
        if interface.get('name') != name:
            continue
        found = {}
        for m in interface.findall('method'):
            found['method ' + m.get('name')] = (arguments(m, 'in'), annotation(m, NO_REPLY, 'false'))
        for s in interface.findall('signal'):
            found['signal ' + s.get('name')] = [a[:2] for a in arguments(s, 'out')]
        for p in interface.findall('property'):
            found['property ' + p.get('name')] = (p.get('type'), p.get('access'), annotation(p, EMITS, 'true'))
        return found
    sys.exit(f'{path}: no interface {name}')


def main():
    name, documented_path, live_path = sys.argv[1:]
    documented, live = describe(documented_path, name), describe(live_path, name)
    faults = [f'{m}: documented {documented.get(m)}, live {live.get(m)}'
              for m in sorted(documented.keys() | live.keys()) if documented.get(m) != live.get(m)]
    if faults:
        sys.exit('\n'.join(faults))
    if len(documented) < 2:
        sys.exit(f'{documented_path}: describes next to nothing')


main()
