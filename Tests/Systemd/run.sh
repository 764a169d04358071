#!/usr/bin/env bash
# The package under a real systemd: boots a Debian in a container and there installs, starts, asks, hangs, stops, upgrades
# and purges. Needs root and Debian's debootstrap, systemd-container and dpkg; takes about five minutes, most of it for
# building two packages and the Debian, which '--keep DIR' keeps for the next time.
#
#   Tests/Systemd/run.sh [--keep DIR]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
keep=
[ "${1:-}" = --keep ] && keep=$2
[ "$(id -u)" = 0 ] || { echo "needs root: it boots a container" >&2; exit 2; }
for tool in debootstrap systemd-nspawn dpkg-deb; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install debootstrap systemd-container dpkg" >&2; exit 2; }
done

work=${keep:-$(mktemp -d)}
mkdir -p "$work"
[ -n "$keep" ] || trap 'rm -rf "$work"' EXIT
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_SECCOMP=1

if [ ! -e "$work/debian/.complete" ]; then
    echo "== a Debian to boot"
    debootstrap --variant=minbase \
        --include=systemd,systemd-sysv,dbus,libstdc++6,libssl3,ca-certificates,ffmpeg,mosquitto-clients,python3 \
        bookworm "$work/debian" >"$work/debootstrap.log" 2>&1
    touch "$work/debian/.complete"
fi

version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' "$root/Directory.Build.props")
for built in "$version" "$version+upgrade1"; do
    if [ ! -e "$work/mobilevlm_${built}_amd64.deb" ]; then
        echo "== package $built"
        bash "$root/Deploy/packaging/build-packages.sh" --output "$work" --arch amd64 --version "$built" >/dev/null 2>"$work/build.log" ||
            { cat "$work/build.log"; exit 1; }
    fi
done

tree=$work/run
rm -rf "$tree"
cp -a "$work/debian" "$tree"
mkdir -p "$tree/opt/test"
cp "$work/mobilevlm_${version}_amd64.deb" "$tree/opt/test/old.deb"
cp "$work/mobilevlm_$version+upgrade1_amd64.deb" "$tree/opt/test/new.deb"
cp "$here/inside.sh" "$here/freeze-thread.py" "$here/appsettings.json" "$tree/opt/test/"
cat >"$tree/etc/systemd/system/the-test.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /opt/test/inside.sh
StandardOutput=file:/opt/test/report
StandardError=inherit
TimeoutStartSec=10min
ExecStopPost=/bin/systemctl --no-block poweroff
[Install]
WantedBy=default.target
UNIT
mkdir -p "$tree/etc/systemd/system/default.target.wants"
ln -s ../the-test.service "$tree/etc/systemd/system/default.target.wants/"

echo "== booting"
timeout 900 systemd-nspawn -q -b -D "$tree" --register=no --keep-unit --private-network >"$work/console.log" 2>&1 || true
cat "$tree/opt/test/report"
if tail -1 "$tree/opt/test/report" | grep -q '^all passed'; then
    rm -rf "$tree"
else
    echo "failed; the console is in $work/console.log"
    exit 1
fi
