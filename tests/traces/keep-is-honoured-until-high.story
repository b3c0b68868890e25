# SPDX-License-Identifier: GPL-2.0-or-later
# The model is to be kept: at medium only the cache is asked, although the model is larger and idle;
# from high on the model is asked, too.
story 1
machine total=1G available=300M
group web used=20M
group ai used=20M
group hog
module web-cache group=web size=30M kind=cache shed answer=20ms
module model group=ai size=150M kind=model shed unload keep idle=4min answer=200ms
at 2s grow hog rate=25M until=300M
until 40s
