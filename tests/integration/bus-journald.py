#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bus-journald.py SOCKET: prints what arrives there in journald's native protocol, one JSON object a record.

The values of a field that a record has more than once are joined by blanks.
"""

import json
import socket
import struct
import sys


def fields(data):
    while data:
        line, _, rest = data.partition(b'\n')
        key, equals, value = line.partition(b'=')
        if not equals:  # KEY, newline, 64-bit length, value, newline
            (length,) = struct.unpack('<Q', rest[:8])
            value, rest = rest[8:8 + length], rest[9 + length:]
        yield key.decode(), value.decode(errors='replace')
        data = rest


def joined(data):
    record = {}
    for key, value in fields(data):
        record[key] = f'{record[key]} {value}' if key in record else value
    return record


server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(sys.argv[1])
print('{}', flush=True)
while True:
    print(json.dumps(joined(server.recv(1 << 20))), flush=True)
