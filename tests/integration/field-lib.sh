# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# field-lib.sh: a reliefd that starts on a host of files where something is wrong, and what it says
# of it; for the tests named field-*

. "$(dirname "$0")/bus-lib.sh"

reliefctl=$RELIEFCTL

fresh() {
	rm -rf "${dir:?}"/{proc,sys,cgroup,etc,state,run,blocked,disk,held,agents{,.new,.kept},relief.sock,reliefd.out}
	make_host
	printf '[Daemon]\nGrowthClock=none\n' >"$dir/etc/etc/reliefd/reliefd.conf"
	: >"$dir/reliefd.out"
}

run() { # MORE_OPTIONS...
	start_reliefd "$@"
	wait_for "the first look" said 'Profile default,'
	wait_for "reliefd on the bus" on_bus
}

lacks() { # NAME: on the bus
	busctl get-property "$name" "$root_path" "$manager" DegradedReasons | grep -Fq "\"$1\""
}

lacks_not() { # NAME
	! lacks "$1"
}

problem() { # NAME REGEX: on the bus
	busctl --json=short get-property "$name" "$root_path" "$manager" Problems |
		grep -Eq -- "\"$1\",\"[^\"]*$2"
}

shown() { # REGEX VERB...: by reliefctl
	local said

	said=$("$reliefctl" "${@:2}" 2>&1) || true # doctor fails where there is no memory controller
	grep -Eq -- "$1" <<<"$said"
}

is_said_once() { # PATTERN
	[ "$(grep -Ec -- "$1" "$dir/reliefd.out")" = 1 ] || fail "'$1' is said more than once"
}

connects() { # SOCKET: a client is let in
	python3 -c '
import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(sys.argv[1])' "$1"
}

end() { # WHAT HOLDS
	kill -TERM "$reliefd_pid"
	wait "$reliefd_pid" || fail "reliefd ended with status $?"
	ok "$1"
}
