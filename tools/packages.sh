# What has to be installed, and how. Sourced by ./run, ./test and .ci/run; the reason for each package:
# docs/dependencies.md. Debian 12; as root, or with sudo.

PACKAGES_RUN="
gcc libc6-dev meson ninja-build pkg-config
libglib2.0-dev libnice-dev libsrtp2-dev libssl-dev libopus-dev libvpx-dev libspeexdsp-dev
libuv1-dev libwebsockets-dev libwebsockets-evlib-uv libwebsockets-evlib-glib
libsqlite3-dev libsodium-dev libseccomp-dev zlib1g-dev libcmocka-dev
libpocketsphinx-dev libsphinxbase-dev pocketsphinx-en-us flite1-dev libwebrtc-audio-processing1
libstemmer-dev"

PACKAGES_TEST="
nodejs npm openssl chromium fonts-dejavu-core iproute2 pocketsphinx-testdata flite sox coturn"

# Sanitizer builds, format and lint: .ci/run only.
PACKAGES_CI="clang clang-format cppcheck"

newline='
'

# need_packages NAME...: installs those that are not there. A node or npm from elsewhere counts.
# When nothing is missing, that is one question to dpkg, and the network is not touched.
need_packages() {
	have=$newline$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p')$newline
	missing=
	for name in "$@"; do
		case $name in
		nodejs) command -v node >/dev/null && continue ;;
		npm) command -v npm >/dev/null && continue ;;
		esac
		case $have in
		*"$newline$name$newline"*) ;;
		*) missing="$missing $name" ;;
		esac
	done
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" = 0 ]; then
		as_root=
	elif command -v sudo >/dev/null; then
		as_root=sudo
	else
		echo "packages are missing, and neither root nor sudo here; as root: apt-get install --no-install-recommends$missing" >&2
		return 1
	fi
	echo "installing:$missing" >&2
	apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o DPkg::Lock::Timeout=300"
	log=$(mktemp)
	# shellcheck disable=SC2086
	$apt update >"$log" 2>&1 && $apt install --no-install-recommends $missing >>"$log" 2>&1 || {
		cat "$log" >&2
		rm -f "$log"
		echo "could not install:$missing" >&2
		return 1
	}
	rm -f "$log"
}

# build_into DIR [meson options]: sets up once, then builds what changed. Says only what went wrong.
build_into() {
	dir=$1
	shift
	mkdir -p "$dir" 2>/dev/null || true
	[ -w "$dir" ] || {
		echo "cannot write in $PWD/$dir" >&2
		return 1
	}
	if [ ! -f "$dir/build.ninja" ]; then
		echo "building in $dir" >&2
		meson setup "$dir" "$@" >"$dir/.said" 2>&1 || {
			cat "$dir/.said" >&2
			rm -rf "$dir"
			return 1
		}
	fi
	ninja -C "$dir" --quiet >"$dir/.said" 2>&1 || {
		cat "$dir/.said" >&2
		return 1
	}
	grep -A 6 'warning:' "$dir/.said" >&2 || true
}
