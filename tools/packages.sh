# What has to be installed, and how. Sourced by ./run and ./test; each package's reason: docs/dependencies.md.
# Debian 12; as root, or with sudo.

PACKAGES_RUN="
gcc libc6-dev meson ninja-build pkg-config
libglib2.0-dev libnice-dev libsrtp2-dev libssl-dev libopus-dev libvpx-dev libspeexdsp-dev
libuv1-dev libwebsockets-dev libwebsockets-evlib-uv libwebsockets-evlib-glib
libsqlite3-dev libsodium-dev zlib1g-dev libcmocka-dev
libpocketsphinx-dev libsphinxbase-dev pocketsphinx-en-us flite1-dev libwebrtc-audio-processing1
libstemmer-dev"

PACKAGES_TEST="
nodejs npm chromium fonts-dejavu-core iproute2 curl sqlite3
pocketsphinx-testdata asterisk-core-sounds-en-wav flite sox ffmpeg"

# Sanitizer builds, format and lint: .ci/run only.
PACKAGES_CI="
clang clang-format clang-tidy libclang-rt-14-dev cppcheck libasan8 libubsan1 libtsan2"

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "missing packages, and neither root nor sudo to install them: $*" >&2
		exit 1
	fi
}

# need_packages NAME...: installs those that are not there. A node or npm from elsewhere counts.
need_packages() {
	missing=
	for name in "$@"; do
		case $name in
		nodejs) command -v node >/dev/null && continue ;;
		npm) command -v npm >/dev/null && continue ;;
		esac
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing="$missing $name"
	done
	[ -z "$missing" ] && return 0
	echo "installing:$missing" >&2
	export DEBIAN_FRONTEND=noninteractive
	as_root apt-get update -qq
	# shellcheck disable=SC2086
	as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# build_into DIR [meson options]: sets up once, then builds what changed.
build_into() {
	dir=$1
	shift
	if [ ! -f "$dir/build.ninja" ]; then
		meson setup "$dir" "$@" >"$dir.log" 2>&1 || {
			cat "$dir.log" >&2
			rm -rf "$dir"
			return 1
		}
		rm -f "$dir.log"
	fi
	ninja -C "$dir" --quiet
}
