# SPDX-License-Identifier: GPL-2.0-or-later
# The larger cache says that it dropped everything and dropped nothing: from the second cycle on the
# honest one is asked first, although it is smaller.
story 1
machine total=1G available=240M
group liar used=20M
group honest used=20M
group hog
module big group=liar size=200M kind=cache shed answer=20ms manner=liar
module small group=honest size=120M kind=cache shed answer=20ms
at 2s grow hog rate=10M until=150M
until 30s
