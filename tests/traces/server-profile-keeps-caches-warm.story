# SPDX-License-Identifier: GPL-2.0-or-later
# profile: server
# On a server 15 % left is business as usual: nothing is asked until 12 %.
story 1
machine total=1G available=250M
group web used=20M
group batch
module web-cache group=web size=100M kind=cache shed answer=20ms
at 2s grow batch rate=10M until=100M
at 20s grow batch rate=10M until=140M
until 45s
