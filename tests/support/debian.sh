# SPDX-License-Identifier: GPL-2.0-or-later
#
# debian.sh: Debian trees from the archive that the host's apt uses; read by tests/vm/image and
# tests/bare/tree. The reader has die() and say(), which write to stderr.

cache=${RELIEFD_TEST_CACHE:-/var/cache/reliefd-tests}
keyrings=/usr/share/keyrings

codename_of() { # RELEASE
	case $1 in
	12) echo bookworm ;;
	13) echo trixie ;;
	*) die "which Debian release? 12 or 13, not '$1'" ;;
	esac
}

# need_tools TOOL...: what install-deps has to bring, named here as commands so that a package that
# is missing from its lists is found out, also when nothing has to be built
need_tools() {
	local tool missing=()

	for tool in "$@"; do
		command -v "$tool" >/dev/null || missing+=("$tool")
	done
	[ -e "$keyrings/debian-archive-keyring.gpg" ] || missing+=("$keyrings/debian-archive-keyring.gpg")
	[ ${#missing[@]} = 0 ] || die "missing: ${missing[*]}; packaging/install-deps vm should bring them"
}

# archive_uri LABEL: where the host's apt gets the archive of that label from. apt is asked, not its
# files read: it knows both formats, and only tells of sources whose lists it has verified.
archive_uri() {
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' |
		awk -F'|' -v label="$1" '$1 == "Debian" && $2 == label { print $3; exit }'
}

find_archive() { # sets main_uri, security_uri
	main_uri=$(archive_uri Debian)
	if [ -z "$main_uri" ]; then
		apt-get update -q >&2
		main_uri=$(archive_uri Debian)
	fi
	[ -n "$main_uri" ] || die "apt has no Debian archive among its sources; add one, run apt-get update"
	security_uri=$(archive_uri Debian-Security)
}

print_sources() { # CODENAME
	local by="signed-by=$keyrings/debian-archive-keyring.gpg"

	echo "deb [$by] $main_uri $1 main"
	echo "deb [$by] $main_uri $1-updates main"
	[ -z "$security_uri" ] || echo "deb [$by] $security_uri $1-security main"
}

# print_apt_options: how the host reaches its archive: proxies and the like
print_apt_options() {
	apt-config dump --format '%F "%v";%n' Acquire 2>/dev/null |
		grep -E '^Acquire::(http|https|Check-)' || true
}

# archive_stamp CODENAME: a stable release's main archive changes at point releases only, so its
# Release file says whether a tree is out of date without a new one for every security update.
# Nothing without the archive in reach.
archive_stamp() {
	local file

	file=$(mktemp)
	/usr/lib/apt/apt-helper download-file "${main_uri%/}/dists/$1/Release" "$file" >/dev/null 2>&1 || true
	sed -n 's/^Version: //p' "$file"
	rm -f "$file"
}

hash8() {
	sha256sum | cut -c1-8
}

# cached NAME RECIPE CODENAME BUILD_COMMAND...: print the directory $cache/NAME-RECIPE-STAMP; when it is
# not there, BUILD_COMMAND makes it in the directory that comes as its last argument, and it is
# renamed when whole: a directory that exists is complete. Without the archive in reach one of the
# same recipe is taken. Those of another recipe (another checkout may use them) go after a day
# without use.
cached() {
	local name=$1 recipe=$2 codename=$3 stamp dir work started=$SECONDS

	shift 3
	stamp=$(archive_stamp "$codename")
	if [ -n "$stamp" ]; then
		dir=$cache/$name-$recipe-$(echo "$stamp" | hash8)
	else
		dir=$(find "$cache" -maxdepth 1 -name "$name-$recipe-*" | head -n1)
		[ -n "$dir" ] || die "cannot read $main_uri for $codename, and nothing of $name is cached in $cache"
	fi
	if [ ! -d "$dir" ]; then
		say "building $name ($codename $stamp)"
		work=$(mktemp -d "$cache/.building-$name-XXXXXX")
		# shellcheck disable=SC2064 # of now
		trap "rm -rf '$work'" EXIT
		"$@" "$work"
		chmod 755 "$work"
		mv "$work" "$dir"
		say "built in $((SECONDS - started)) s"
	fi
	touch "$dir"
	find "$cache" -maxdepth 1 -name "$name-*" -mmin +1440 -exec rm -rf {} +
	echo "$dir"
}
