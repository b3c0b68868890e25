# SPDX-License-Identifier: GPL-2.0-or-later
# With the tripwire: a program takes 100 MiB within a second on a half-full host. Nobody is warned,
# nobody is asked.
story 1
machine total=1G available=512M tripwire
group editor
group web used=20M
module web-cache group=web size=100M kind=cache shed unload idle=1h answer=20ms
at 5s grow editor rate=100M until=100M
until 60s
