# SPDX-License-Identifier: GPL-2.0-or-later
# The database's cache is the largest and the coldest, but ranks last: it is asked only once the
# batch job and the web server cannot give what is missing.
story 1
machine total=1G available=300M
group db used=20M priority=10
group web used=20M
group batch used=20M priority=-10
group hog
module db-cache group=db size=200M kind=cache idle=10min shed answer=20ms
module web-cache group=web size=60M kind=cache shed answer=20ms
module batch-cache group=batch size=40M kind=cache shed answer=20ms
at 2s order bytes=80M max_rung=shed
at 10s order bytes=60M max_rung=shed
until 12s
