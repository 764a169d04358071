#!/bin/sh
# Installs the service on Debian 12, Ubuntu 22.04 or later, amd64 or arm64, from the files of a release, and starts it. Run it as
# root. Run it again to upgrade or to change the options: what is installed already is left as it is, and data is kept.
#
#   install.sh --from URL|FOLDER --demo                                   a clip and a toy model, to see it work
#   install.sh --from URL|FOLDER --camera [NAME=]SOURCE... [--model DIR|OWNER/NAME] [--broker URL]
#   install.sh --from URL|FOLDER                                          asks for these; without a terminal installs only
#   install.sh --uninstall [--purge]                                      --purge removes configuration and data too
#
# --from: where SHA256SUMS and the packages are (default: the folder of this script; MOBILEVLM_FROM replaces it).
# --key FILE: a keyring ('gpg --export'); SHA256SUMS must then be signed by it (SHA256SUMS.asc).
# --model: an imported model, or one to download, by default mtgv/MobileVLM_V2-1.7B. --listen ADDRESS: of the page (127.0.0.1:8080).
set -eu
config=/etc/mobilevlm/appsettings.json state=/var/lib/mobilevlm library=/usr/lib/mobilevlm
from=${MOBILEVLM_FROM:-$(cd "$(dirname "$0")" && pwd)} key='' demo='' model=mtgv/MobileVLM_V2-1.7B broker=embedded listen=127.0.0.1:8080
camera='' remove=''
fail() { echo "install.sh: $1" >&2; exit "${2:-1}"; }
value() { [ $# -gt 1 ] || fail "$1 needs a value; --help shows the options" 2; }
while [ $# -gt 0 ]; do
    case $1 in
        --from) value "$@"; from=$2; shift ;;
        --key) value "$@"; key=$2; shift ;;
        --camera) value "$@"; camera="$camera$2
"; shift ;;
        --model) value "$@"; model=$2; shift ;;
        --broker) value "$@"; broker=$2; shift ;;
        --listen) value "$@"; listen=$2; shift ;;
        --demo) demo=1 ;;
        --uninstall) remove=remove ;;
        --purge) remove=purge ;;
        -h | --help) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) fail "unknown option '$1'; --help shows the options" 2 ;;
    esac
    shift
done
[ "$(id -u)" = 0 ] || fail "it must run as root: sudo $0 ..." 2
[ -z "$demo" ] || [ -z "$camera" ] || fail "--demo has its own camera; give --demo or --camera" 2
command -v apt-get >/dev/null || fail "this system has no apt-get: unpack mobilevlm-VERSION-linux-ARCH.tar.gz and run its install.sh" 2
export DEBIAN_FRONTEND=noninteractive
if [ -n "$remove" ]; then
    apt-get "$remove" -y mobilevlm
    exit 0
fi

# The board, for the page that its owner should read, and the package.
architecture=$(dpkg --print-architecture)
board=$( (tr -d '\0' </proc/device-tree/model || cat /sys/class/dmi/id/product_name) 2>/dev/null || echo "unknown board")
case $architecture in amd64 | arm64) ;; *) fail "there is no package for $architecture ($board); amd64 and arm64 are built" 2 ;; esac
echo "Board: $board ($architecture)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch() { # name
    case $from in
        *://*)
            if command -v curl >/dev/null; then curl -fsSL -o "$work/$1" "${from%/}/$1"; else wget -q -O "$work/$1" "${from%/}/$1"; fi ;;
        *) cp "$from/$1" "$work/$1" ;;
    esac || fail "there is no $1 at $from: --from names the URL or folder of a release" 2
}
fetch SHA256SUMS
if [ -n "$key" ]; then
    command -v gpgv >/dev/null || fail "gpgv is needed to check the signature: apt-get install gpgv" 2
    fetch SHA256SUMS.asc
    gpgv --quiet --keyring "$(readlink -f "$key")" "$work/SHA256SUMS.asc" "$work/SHA256SUMS" || fail "SHA256SUMS is not signed by $key"
fi
package=$(sed -n "s/^[0-9a-f]* [ *]\(mobilevlm_[^/]*_$architecture\.deb\)\$/\1/p" "$work/SHA256SUMS" | sort -V | tail -n 1)
[ -n "$package" ] || fail "the release at $from has no package for $architecture"
version=${package#mobilevlm_} version=${version%_*}
if [ "$(dpkg-query -W -f '${Status} ${Version}' mobilevlm 2>/dev/null)" != "install ok installed $version" ]; then
    fetch "$package"
    (cd "$work" && grep " [ *]\{0,1\}$package\$" SHA256SUMS | sha256sum --quiet -c -) || fail "$package is damaged: its checksum differs"
    chmod 755 "$work"
    apt-get update -qq
    apt-get install -y --no-install-recommends "$work/$package" ffmpeg || fail "apt-get could not install $package (see above)"
fi

if [ -n "$demo" ]; then
    [ -e "$state/models/demo/model.json" ] || mobilevlm model import "$library/demo/mobilevlm-demo-gate" "$state/models/demo"
    sed "s/127\.0\.0\.1:8080/$listen/" "$library/demo/service.json" >"$work/new"
    cmp -s "$work/new" "$config" || { cp -p "$config" "$config.bak"; cat "$work/new" >"$config"; }
elif [ -n "$camera" ]; then
    if [ ! -d "$model" ]; then
        folder=$state/models/$(basename "$model" | tr '[:upper:]' '[:lower:]')
        [ -e "$folder/model.json" ] || mobilevlm model pull "$model" "$folder"
        model=$folder
    fi
    set --
    while IFS= read -r one; do [ -z "$one" ] || set -- "$@" --camera "$one"; done <<SOURCES
$camera
SOURCES
    mobilevlm init --yes --force --output "$config" --broker "$broker" --model "$model" --http "$listen" "$@"
elif [ -t 0 ] && cmp -s "$config" "$library/appsettings.example.json"; then
    mobilevlm init --force --output "$config" --http "$listen"
fi
if grep -q '"/dev/video' "$config"; then
    install -D -m 644 /usr/share/doc/mobilevlm/examples/drop-ins/v4l2.conf /etc/systemd/system/mobilevlm.service.d/v4l2.conf
fi
case $board in *Jetson*) echo "For the GPU of this board: /usr/share/doc/mobilevlm/jetson.md" ;; esac

if cmp -s "$config" "$library/appsettings.example.json"; then
    echo "Installed, but not started: $config is the example. Run this again with --demo or --camera, or: mobilevlm init --output $config"
elif [ ! -d /run/systemd/system ]; then
    echo "Installed, but not started: systemd is not running. Start it: runuser -u mobilevlm -- mobilevlm run --config $config"
else
    systemctl daemon-reload
    systemctl enable mobilevlm
    systemctl restart mobilevlm
    mobilevlm doctor --config "$config" || fail "the service is installed, but doctor found problems (see above)"
    echo "Page: http://$listen/    Updates: mobilevlm watch --config $config    Log: journalctl -u mobilevlm"
fi
