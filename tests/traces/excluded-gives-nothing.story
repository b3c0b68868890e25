# SPDX-License-Identifier: GPL-2.0-or-later
# A database is excluded: a host that gets short, an order for all and a further shortage take
# nothing from its module or its file cache; the others give all they have.
story 1
machine total=1G available=400M
group db used=20M cache=60M excluded
group web used=20M cache=20M
group hog
module db-cache group=db size=100M kind=cache shed answer=20ms
module web-cache group=web size=60M kind=cache shed answer=20ms
at 2s order bytes=200M max_rung=reclaim
at 5s grow hog rate=25M until=300M
until 30s
