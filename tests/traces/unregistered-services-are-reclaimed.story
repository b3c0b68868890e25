# SPDX-License-Identifier: GPL-2.0-or-later
# Nobody registered: each rung is tried or said to be skipped; the kernel's reclaim comes at high.
story 1
machine total=975M available=500M
group cache-1 used=110M cache=40M
group cache-2 used=110M cache=30M
group cache-3 used=110M cache=20M
group sshd used=5M cache=50M protected
group hog
at 3s grow hog rate=50M until=430M
at 15s free hog
until 30s
