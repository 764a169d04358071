#!/usr/bin/env bash
# The packages on a fresh minimal Debian with systemd: a signed repository, an upgrade from an earlier release with its data,
# removal, purge, and the install script. Needs root, debootstrap, systemd-container, apt-utils and gnupg. Debian's own packages
# are downloaded once; the system under test then boots without a network. Takes about three minutes.
#
# The script's camera is a real RTSP server with a login, outside the system, in the network namespace that the system shares
# (Tests/Shared/rtsp-test-server.py: python3-gi and gir1.2-gst-rtsp-server-1.0, as Tests/run.sh says).
#
#   Tests/Packages/run.sh --old FILE.deb --new FILE.deb [--keep FOLDER] [--only apt|script]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
usage() { sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
old=
new=
keep=
parts="apt script"
while [ $# -gt 0 ]; do
    [ $# -gt 1 ] || usage
    case $1 in
        --old) old=$2 ;;
        --new) new=$2 ;;
        --keep) keep=$2 ;;
        --only) parts=$2 ;;
        *) usage ;;
    esac
    shift 2
done
[ -f "$old" ] && [ -f "$new" ] || usage
[ "$(id -u)" = 0 ] || { echo "needs root: it boots a container" >&2; exit 2; }
for tool in debootstrap systemd-nspawn apt-ftparchive gpg ip; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install debootstrap systemd-container apt-utils gnupg iproute2" >&2; exit 2; }
done
work=${keep:-$(mktemp -d)}
mkdir -p "$work"
network=mobilevlm-packages-$$
camera=
tidy() {
    [ -z "$camera" ] || kill "$camera" 2>/dev/null || true
    ip netns del "$network" 2>/dev/null || true
    [ -n "$keep" ] || rm -rf "$work"
}
trap tidy EXIT
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_SECCOMP=1

if [ ! -e "$work/debian/.complete" ]; then
    echo "== a minimal Debian, and the packages that apt will want, not installed"
    [ -e "$work/debian/etc/debian_version" ] || debootstrap --variant=minbase bookworm "$work/debian" >"$work/debootstrap.log" 2>&1
    cp /etc/resolv.conf "$work/debian/etc/resolv.conf"
    rm -f "$work/debian/etc/apt/apt.conf.d/docker-clean"
    systemd-nspawn -q -D "$work/debian" --register=no --keep-unit bash -c '
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq && apt-get install -y -qq --no-install-recommends systemd systemd-sysv dbus &&
        apt-get install -y -qq --no-install-recommends --download-only ffmpeg ca-certificates libssl3 libstdc++6 gpgv' >"$work/apt.log" 2>&1
    touch "$work/debian/.complete"
fi

echo "== a signed repository and a signed release"
export GNUPGHOME=$work/gpg
[ -d "$GNUPGHOME" ] || {
    mkdir -m 700 "$GNUPGHOME"
    gpg --batch --quiet --passphrase '' --quick-generate-key 'Test of packages <test@localhost>' ed25519 sign never
}
rm -rf "$work/repository" "$work/release"
repository() { bash "$root/Deploy/packaging/apt-repository.sh" --key test@localhost --output "$work/$1" --url file:/opt/test/repository "${@:2}"; }
repository repository-old "$old" >/dev/null
repository repository "$old" "$new"
mkdir "$work/release"
cp "$new" "$work/release/mobilevlm_$(dpkg-deb --field "$new" Version)_$(dpkg-deb --field "$new" Architecture).deb"
cp "$root/Deploy/packaging/install.sh" "$work/release/"
(cd "$work/release" && sha256sum -- *.deb >SHA256SUMS && gpg --batch --yes --local-user test@localhost --armor --detach-sign SHA256SUMS)
gpg --batch --yes --export --output "$work/release/release.gpg" test@localhost

echo "== a camera: RTSP with a login"
ip netns add "$network"
ip -n "$network" link set lo up
mkfifo "$work/camera.input" 2>/dev/null || true
RTSP_LOGIN=user:secret ip netns exec "$network" /usr/bin/python3 "$root/Tests/Shared/rtsp-test-server.py" 8554 "$root/Deploy/demo/gate.mp4" \
    <>"$work/camera.input" >"$work/camera.log" 2>&1 &
camera=$!
for _ in $(seq 100); do [ ! -s "$work/camera.log" ] || break; sleep 0.1; done
kill -0 "$camera" 2>/dev/null || { cat "$work/camera.log" >&2; exit 1; }

failed=0
for part in $parts; do
    tree=$work/run-$part
    rm -rf "$tree"
    cp -a "$work/debian" "$tree"
    mkdir -p "$tree/opt/test" "$tree/etc/systemd/system/default.target.wants"
    cp -r "$work/repository" "$work/repository-old" "$work/release" "$here/"*.sh "$root/Tests/Systemd/appsettings.json" "$tree/opt/test/"
    cat >"$tree/etc/systemd/system/the-test.service" <<UNIT
[Unit]
After=multi-user.target
[Service]
Type=oneshot
Environment=HOME=/root
ExecStart=/bin/bash /opt/test/$part.sh
StandardOutput=file:/opt/test/report
StandardError=inherit
TimeoutStartSec=15min
ExecStopPost=/bin/systemctl --no-block poweroff
[Install]
WantedBy=default.target
UNIT
    ln -s ../the-test.service "$tree/etc/systemd/system/default.target.wants/"
    echo "== $part"
    timeout 1200 systemd-nspawn -q -b -D "$tree" --register=no --keep-unit --network-namespace-path="/run/netns/$network" >"$work/console-$part.log" 2>&1 || true
    cat "$tree/opt/test/report"
    if tail -1 "$tree/opt/test/report" | grep -q '^all passed'; then
        rm -rf "$tree"
    else
        echo "failed; the console is in $work/console-$part.log"
        failed=1
    fi
done
exit $failed
