# SPDX-License-Identifier: GPL-2.0-or-later
# Plenty of zram is free, but nearly nothing is available and tasks wait: the stall is believed.
story 1
machine total=1G available=250M zram=2G ratio=3
group web used=300M
group ai used=20M
group hog
module web-cache group=web size=100M kind=cache shed answer=20ms
module model group=ai size=100M kind=model unload idle=10min answer=100ms
at 2s grow hog rate=100M until=900M
at 20s free hog
until 40s
