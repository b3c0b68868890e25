# SPDX-License-Identifier: GPL-2.0-or-later
# Small orders against large caches: each gets what it asked for, and the caches keep the rest.
story 1
machine total=4G available=3G
group one used=10M
group two used=10M
module one-cache group=one size=100M kind=cache shed answer=5ms
module two-cache group=two size=100M kind=cache shed answer=5ms
at 2s order bytes=1M
at 4s order bytes=5M
at 6s order bytes=20M
at 8s order bytes=150M
until 12s
