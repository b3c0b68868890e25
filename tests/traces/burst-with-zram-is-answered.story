# SPDX-License-Identifier: GPL-2.0-or-later
# The same burst with zram: the first request goes out before swapping starts.
story 1
machine total=975M available=500M zram=512M ratio=3
group cache-1 used=10M cache=5M
group cache-2 used=10M cache=5M
group cache-3 used=10M cache=5M
group hog
module store-1 group=cache-1 size=100M kind=cache shed answer=20ms
module store-2 group=cache-2 size=100M kind=cache shed answer=20ms
module store-3 group=cache-3 size=100M kind=cache shed answer=20ms
at 3s grow hog rate=50M until=650M
at 25s free hog
until 40s
