#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The services in README.md are built and run by the lines below them, and give memory back

. "$(dirname "$0")/bus-lib.sh"

block() { # LANGUAGE: the first block of it in README.md
	awk -v fence="\`\`\`$1" '
		$0 == fence && !n { inside = 1; next }
		/^```$/ { n += inside; inside = 0 }
		inside' "$source_root/README.md"
}

has_modules() { # N
	[ "$(get $root_path $manager NModules)" = "$1" ]
}

serve() { # CLIENT COMMAND...
	local client=$1
	shift
	in_cgroup /system.slice/cache.service "$@" >"$dir/$client.out" 2>&1 &
	job=$!
	children+=("$job")
	wait_for "the module of the $client service" has_modules 1
	manager Relieve 'stsa{sv}' /system.slice/cache.service 5000000 shed 0 >"$dir/relieved"
	claimed=$(cut -d' ' -f3 "$dir/relieved")
	[ "$claimed" -ge 5000000 ] || fail "the $client service freed $claimed"
	kill "$(pgrep -P "$job")"
	wait_for "the end of the $client service" has_modules 0
	ok "the $client service gives $claimed bytes"
}

start_all

# --- C
block c >"$dir/blocks.c"
lines=$(grep -c '' "$dir/blocks.c")
[ "$lines" -gt 10 ] && [ "$lines" -le 25 ] || fail "the C service has $lines lines"
DESTDIR=$dir/installed meson install -C "$BUILD" --no-rebuild --quiet >/dev/null
command=$(sed -n 's/^\(cc -o blocks .*\)$/\1/p' "$source_root/README.md")
[ -n "$command" ] || fail "README.md does not say how to build it"
libdir=$(dirname "$(find "$dir/installed" -name librelief.pc)")
# a library with sanitizers needs a program with them; not ldd | grep -q: ldd dies of the closed pipe
flags='-Wall -Werror'
libraries=$(ldd "$libdir"/../librelief.so)
[[ $libraries != *libasan* ]] || flags+=' -fsanitize=address'
(
	cd "$dir"
	export PKG_CONFIG_PATH=$libdir PKG_CONFIG_SYSROOT_DIR=$dir/installed
	bash -c "${command/cc /cc $flags }"
) || fail "the C service does not build: $command"
export LD_LIBRARY_PATH=${libdir%/pkgconfig}
RELIEF_SOCKET=$dir/relief.sock serve c "$dir/blocks"
unset LD_LIBRARY_PATH

# --- Python
block python >"$dir/blocks.py"
lines=$(grep -c '' "$dir/blocks.py")
[ "$lines" -gt 10 ] && [ "$lines" -le 25 ] || fail "the Python service has $lines lines"
/usr/bin/python3 -c 'import dbus, gi' 2>/dev/null || fail "python3-dbus or python3-gi is missing: packaging/install-deps test"
serve python /usr/bin/python3 "$dir/blocks.py"
stop_reliefd
