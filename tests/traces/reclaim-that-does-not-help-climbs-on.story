# SPDX-License-Identifier: GPL-2.0-or-later
# The cache is in use and gives nothing, nothing can be unloaded, reclaim frees little. Each rung is
# tried once, those without effect are skipped in later cycles, and the cycles grow rare.
story 1
machine total=1G available=220M
group web used=20M cache=3M
group hog
module web-cache group=web size=100M kind=cache shed answer=20ms manner=busy
at 2s grow hog rate=20M until=140M
until 60s
