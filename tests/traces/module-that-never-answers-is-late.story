# SPDX-License-Identifier: GPL-2.0-or-later
# One of two caches never answers: it is late after half a second, goes last for a minute, and does
# not hold up the other.
story 1
machine total=1G available=230M
group dead used=20M
group alive used=20M
group hog
module silent group=dead size=150M kind=cache shed answer=20ms manner=silent
module lively group=alive size=100M kind=cache shed answer=20ms
at 2s grow hog rate=10M until=100M
until 30s
