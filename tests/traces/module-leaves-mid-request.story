# SPDX-License-Identifier: GPL-2.0-or-later
# The owner of a module goes away instead of answering; the next one is asked.
story 1
machine total=1G available=230M
group web used=20M
group api used=20M
group hog
module web-cache group=web size=150M kind=cache shed answer=20ms manner=leaves
module api-cache group=api size=100M kind=cache shed answer=20ms
at 2s grow hog rate=20M until=60M
until 15s
