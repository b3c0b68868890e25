#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# setup-build: a build directory mends itself, whatever it was left by; what failed is one line
#
# On a small project with one library that is needed and one that is used where it is found, both
# known by pkg-config files that come and go.

set -euo pipefail

dir=$(mktemp -d /tmp/reliefd-setup-build.XXXXXX)
trap 'rm -rf "$dir"' EXIT
tree=$dir/tree build=$dir/tree/build/release log=$dir/tree/build/log

fail() {
	echo "FAIL: $*" >&2
	[ ! -e "$log" ] || tail -n 20 "$log" >&2
	exit 1
}

ok() {
	echo "ok - $*"
}

package() { # NAME: its development files are there from now on
	printf 'Name: %s\nDescription: none\nVersion: 1\n' "$1" >"$dir/pc/$1.pc"
}

make_tree() { # DIRECTORY
	mkdir -p "$1/packaging"
	cp "$SOURCE_ROOT/packaging/setup-build" "$1/packaging/"
	cat >"$1/meson.build" <<-'EOF'
		project('small', 'c', version: '1')
		needed = dependency('small-needed', method: 'pkg-config')
		extra = dependency('small-extra', method: 'pkg-config', required: false)
		executable('program', 'program.c', dependencies: needed, c_args: '-DEXTRA=@0@'.format(extra.found().to_int()))
	EOF
	printf '#include <stdio.h>\nint main(void)\n{\n\treturn printf("extra %%d\\n", EXTRA) < 0;\n}\n' >"$1/program.c"
}

builds() { # OUTPUT OF PROGRAM
	"$tree/packaging/setup-build" "$build" "$log" || fail "it does not build"
	[ "$("$build/program")" = "$1" ] || fail "the program says $("$build/program"), not $1"
}

fails() { # PATTERN OF THE ONE LINE
	local said status=0

	said=$("$tree/packaging/setup-build" "$build" "$log" 2>&1) || status=$?
	[ "$status" = 1 ] || fail "status $status: $said"
	[ "$(wc -l <<<"$said")" = 1 ] || fail "not one line: $said"
	grep -Eq -- "$1" <<<"$said" || fail "no '$1' in: $said"
}

unset CFLAGS CPPFLAGS LDFLAGS
mkdir "$dir/pc"
export CC=cc PKG_CONFIG_LIBDIR=$dir/pc
make_tree "$tree"

fails "^meson setup failed: Dependency .small-needed. not found.*; see $log\$"
ok "what is missing is named in one line"
package small-needed
builds "extra 0"
ok "the directory of a failed setup is no obstacle"
package small-extra
builds "extra 1"
ok "a package that comes later is found"
rm "$dir/pc/small-extra.pc"
builds "extra 0"
ok "one that goes is missed"

rm "$dir/pc/small-needed.pc"
fails 'Dependency .small-needed. not found'
[ -x "$build/program" ] || fail "what was built is gone for a package that was missing for a moment"
package small-needed
builds "extra 0"
ok "a package that is missing for a while costs nothing"

: >"$build/meson-private/coredata.dat" # as a full disk leaves it
builds "extra 0"
: >"$build/build.ninja"
builds "extra 0"
ok "emptied files of meson and ninja"
rm -r "$build/meson-private"
builds "extra 0"
ok "a directory without meson's own"

mv "$tree" "$dir/moved"
tree=$dir/moved build=$dir/moved/build/release log=$dir/moved/build/log
builds "extra 0"
make_tree "$dir/other"
cp -a "$tree/build" "$dir/other/"
tree=$dir/other build=$dir/other/build/release log=$dir/other/build/log
sed -i 's/extra %d/other %d/' "$tree/program.c"
builds "other 0"
ok "a tree that moved, and a build directory of another one"

printf '#!/bin/sh\nexec cc "$@"\n' >"$dir/compiler"
chmod +x "$dir/compiler"
CC=$dir/compiler builds "other 0"
rm "$dir/compiler"
builds "other 0"
ok "a compiler that is gone"

echo 'nonsense' >>"$tree/program.c"
fails "^building failed: .*program.c:[0-9]+:.*error: .*; see $log\$"
ok "the compiler's error is named"
make_tree "$tree"
echo 'nonsense(' >>"$tree/meson.build"
fails '^meson setup failed: '
[ -x "$build/program" ] || fail "what was built is gone for a typing error"
make_tree "$tree"
builds "extra 0"
ok "an error in meson.build costs nothing"

mkdir "$dir/things"
touch "$dir/things/mine"
build=$dir/things
fails 'is no build directory'
[ -e "$dir/things/mine" ] || fail "files of others were removed"
ok "a directory with other things is left alone"
