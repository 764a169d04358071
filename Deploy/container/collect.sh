#!/bin/sh
# Collects the program, ffmpeg and the libraries that they load into a folder, so that the image has nothing else. An ffmpeg that
# ffmpeg.sh has built is taken; without one, Debian's is installed, whose libraries have 246 MB. Runs while the image is built.
#
#   collect.sh PACKAGE.deb FOLDER
set -eu
package=$1 target=$2
export DEBIAN_FRONTEND=noninteractive
# What the base has already stays out, otherwise the image would have it twice.
state() { find /usr/lib /etc/ssl /usr/share/ca-certificates /usr/share/zoneinfo \( -type f -o -type l \) -printf '%p %s %T@ %l\n' 2>/dev/null | sort; }
base=$(mktemp)
state >"$base"
own=/usr/bin/ffmpeg
[ -x "$own" ] || own=
apt-get update -qq
# shellcheck disable=SC2046 # one word or none
apt-get install -y -qq --no-install-recommends "$package" libdav1d6 $([ -n "$own" ] || echo ffmpeg)
mkdir -p "$target"
files=$(mktemp)
{
    find /usr/lib/mobilevlm /usr/bin/mobilevlm /usr/bin/ffmpeg /etc/ssl /usr/share/ca-certificates /usr/share/zoneinfo
    [ -z "$own" ] || find /usr/share/doc/ffmpeg -type f
    find /usr/share/doc/mobilevlm -maxdepth 1 -type f -name '*.md' -o -path '*/licenses/*' -o -name NOTICE -o -name copyright
    find /usr/lib/*-linux-gnu -name 'libssl.so*' -o -name 'libcrypto.so*'
    # What the dynamic linker finds for each of them, as a link and as the file that the link names.
    for program in /usr/bin/ffmpeg /usr/lib/mobilevlm/mobilevlm /usr/lib/mobilevlm/*.so; do
        ldd "$program" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) .*/\1/p'
    done | sort -u | while read -r library; do
        echo "$library"
        readlink -f "$library"
    done
} | sort -u >"$files"
# Packages of these files, for scanners and for licences.
mkdir -p "$target/usr/share/doc/mobilevlm"
grep '/lib' "$files" | xargs -r dpkg -S 2>/dev/null | cut -d: -f1 | sort -u |
    xargs dpkg-query -W -f '${Package} ${Version}\n' | sort -u >"$target/usr/share/doc/mobilevlm/debian-packages.txt"
state | comm -12 "$base" - | cut -d' ' -f1 >"$files.base"
# /lib is a link to usr/lib, and the base has it.
sed 's#^/lib\(64\)\{0,1\}/#/usr/lib\1/#' "$files" | sort -u | grep -vxF -f "$files.base" | sed 's#^/##' | tar -C / --no-recursion -cf - -T - | tar -C "$target" -xf -
# The installed service's example and its drop-ins make no sense here.
mkdir -p "$target/etc/mobilevlm"
cp /usr/lib/mobilevlm/demo/service.json "$target/etc/mobilevlm/appsettings.json"
chmod 644 "$target/etc/mobilevlm/appsettings.json"
