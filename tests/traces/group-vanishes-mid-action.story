# SPDX-License-Identifier: GPL-2.0-or-later
# The service that was asked stops before it answers: its request ends as gone, the memory it held
# ends the shortage.
story 1
machine total=1G available=230M
group web used=20M
group hog
module web-cache group=web size=150M kind=cache shed answer=400ms
at 2s grow hog rate=20M until=60M
at 3.5s vanish web
until 15s
