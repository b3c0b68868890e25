# SPDX-License-Identifier: GPL-2.0-or-later
# Nobody could be asked; then a cache registers in the middle of the shortage.
story 1
machine total=1G available=230M
group web used=20M
group hog
module web-cache group=web size=100M kind=cache shed answer=20ms later
at 2s grow hog rate=20M until=60M
at 12.3s register web-cache
until 25s
