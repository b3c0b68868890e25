# SPDX-License-Identifier: GPL-2.0-or-later
# For ten seconds of a shortage the machine's files cannot be read: the level holds, nothing is asked,
# and it goes on when they are back.
story 1
machine total=1G available=230M
group web used=20M
group hog
module web-cache group=web size=200M kind=cache shed answer=20ms
at 2s grow hog rate=20M until=100M
at 4s blind
at 14s see
at 20s free hog
until 35s
