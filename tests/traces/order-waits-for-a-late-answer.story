# SPDX-License-Identifier: GPL-2.0-or-later
# The cache that is asked first answers an order late. The other one is not asked for the same bytes
# meanwhile: the order gets what it asked for, once.
story 1
machine total=4G available=3G
group slow used=10M
group quick used=10M
module slow-cache group=slow size=100M kind=cache shed answer=2s
module quick-cache group=quick size=90M kind=cache shed answer=5ms
at 2s order bytes=80M
until 12s
