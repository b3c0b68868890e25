# SPDX-License-Identifier: GPL-2.0-or-later
# While one service fills its cache a hog grows in the same limit, by more than fits. What the hog takes
# is asked from the caches in time, and nothing is killed.
story 1
machine total=4G available=3G tripwire
group pod used=0 limit=300M
group web parent=pod used=10M
group job parent=pod used=10M
module web-cache group=web size=60M kind=cache shed answer=20ms
at 10s fill web-cache bytes=60M rate=60M
at 10s grow job rate=100M until=180M
until 40s
