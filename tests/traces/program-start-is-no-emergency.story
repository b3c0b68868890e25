# SPDX-License-Identifier: GPL-2.0-or-later
# A program takes 300 MiB in one second on a host that stays half empty: no request to anybody.
story 1
machine total=2G available=1600M
group editor
group web used=20M
module web-cache group=web size=100M kind=cache shed unload idle=1h answer=20ms
at 2s grow editor rate=300M until=300M
until 20s
