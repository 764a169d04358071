#!/usr/bin/env bash
# The arm64 package on an emulated arm64 Debian, beside the x64 build of the same sources: installs with its own dpkg,
# starts, reads its configuration, imports the demo's checkpoint, answers pictures with the same token ids as on x64, publishes
# its states and events to a broker, and keeps what it could not publish through a restart. Correctness only: an emulator
# shows nothing about speed, and its makers do not support .NET under it, so a step that crashes is tried again.
#
# Needs root and Debian's debootstrap, qemu-user-static, mosquitto, mosquitto-clients, dpkg, jq and python3.
#
#   Tests/Arm64/run.sh [--keep DIR]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
keep=
[ "${1:-}" = --keep ] && keep=$2
[ "$(id -u)" = 0 ] || { echo "needs root: for a chroot and its mounts" >&2; exit 2; }
for tool in debootstrap qemu-aarch64-static mosquitto mosquitto_sub dpkg-deb jq python3; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install debootstrap qemu-user-static mosquitto mosquitto-clients dpkg jq python3" >&2; exit 2; }
done

# Mounts of our own, so that nothing is left of them. The emulator is registered for as long as this runs.
if [ -z "${MOBILEVLM_OWN_MOUNTS:-}" ]; then
    exec env MOBILEVLM_OWN_MOUNTS=1 unshare -m bash "${BASH_SOURCE[0]}" "$@"
fi
work=${keep:-$(mktemp -d)}
mkdir -p "$work"
broker=
service=
registered=
end() {
    local pid
    pid=$(pgrep -P "$service" -f 'mobilevlm run' || echo "$service")
    kill -TERM "$pid" 2>/dev/null || true
    timeout 60 tail --pid="$pid" -f /dev/null || kill -KILL "$pid"
    wait "$service" 2>/dev/null || true
    service=
}
tidy() {
    [ -z "$service" ] || end
    [ -z "$broker" ] || kill "$broker" 2>/dev/null || true
    [ -z "$registered" ] || echo -1 >/proc/sys/fs/binfmt_misc/mobilevlm-arm64
    umount -R "$work/debian/proc" "$work/debian/sys" "$work/debian/dev" 2>/dev/null || true
    [ -n "$keep" ] || rm -rf "$work"
}
trap tidy EXIT
mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
if ! grep -ql 'interpreter.*aarch64' /proc/sys/fs/binfmt_misc/* 2>/dev/null; then
    # F: the interpreter is opened now and needs not be in the chroot.
    printf ':mobilevlm-arm64:M::\\x7f\\x45\\x4c\\x46\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00:\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:%s:F' \
        "$(command -v qemu-aarch64-static)" >/proc/sys/fs/binfmt_misc/register
    registered=yes
fi

if [ ! -e "$work/debian/.complete" ]; then
    echo "== an arm64 Debian"
    rm -rf "$work/debian"
    debootstrap --arch=arm64 --variant=minbase --include=libstdc++6,libssl3,ca-certificates,systemd bookworm "$work/debian" >"$work/debootstrap.log" 2>&1 ||
        { tail -5 "$work/debootstrap.log"; exit 1; }
    touch "$work/debian/.complete"
fi
version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' "$root/Directory.Build.props")
if [ ! -e "$work/mobilevlm_${version}_arm64.deb" ]; then
    echo "== packages"
    bash "$root/Deploy/packaging/build-packages.sh" --output "$work" >/dev/null 2>"$work/build.log" || { cat "$work/build.log"; exit 1; }
fi
rm -rf "$work/x64"
dpkg-deb -x "$work/mobilevlm_${version}_amd64.deb" "$work/x64"
tree=$work/debian
mountpoint -q "$tree/proc" || mount -t proc proc "$tree/proc"
mount --bind /dev "$tree/dev"

# ONNX Runtime reads which processor it is on from files that the emulator passes through from the real one, and crashes
# on what it finds: an Arm Neoverse N1 stands there instead.
cores=$(nproc)
for ((i = 0; i < cores; i++)); do
    printf 'processor\t: %d\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n\n' "$i"
done >"$work/cpuinfo"
mount --bind "$work/cpuinfo" "$tree/proc/cpuinfo"
mount -t tmpfs tmpfs "$tree/sys"
cpus=$tree/sys/devices/system/cpu
mkdir -p "$cpus"
for file in possible present online; do echo "0-$((cores - 1))" >"$cpus/$file"; done
echo $((cores - 1)) >"$cpus/kernel_max"
for ((i = 0; i < cores; i++)); do
    mkdir -p "$cpus/cpu$i/topology" "$cpus/cpu$i/cpufreq"
    echo "$i" >"$cpus/cpu$i/topology/core_id"
    echo 0 >"$cpus/cpu$i/topology/physical_package_id"
    echo 2000000 >"$cpus/cpu$i/cpufreq/cpuinfo_max_freq"
done

started=$(date +%s)
ok() { printf '%4d s  ok    %s\n' "$(($(date +%s) - started))" "$1"; }
bad() { printf '%4d s  BAD   %s\n' "$(($(date +%s) - started))" "$1"; tail -20 "$work/step"; exit 1; }
step() { # what, command...
    local what=$1 try
    shift
    for try in 1 2 3; do
        if "$@" >"$work/step" 2>&1; then ok "$what$([ $try = 1 ] || echo " (attempt $try)")"; return; fi
        [ "$try" = 3 ] || sleep 1
    done
    bad "$what"
}
arm() { chroot "$tree" env ORT_DISABLE_TELEMETRY=1 HOME=/root "$@"; }

step "this is an arm64 system" test "$(arm uname -m)" = aarch64
cp "$work/mobilevlm_${version}_arm64.deb" "$tree/root/mobilevlm.deb"
arm dpkg -P mobilevlm >/dev/null 2>&1 || true
step "the package installs" arm dpkg -i /root/mobilevlm.deb
step "its user was made" arm getent passwd mobilevlm
step "no library is missing" bash -c "! chroot '$tree' sh -c 'for f in /usr/lib/mobilevlm/*.so /usr/lib/mobilevlm/mobilevlm; do ldd \$f; done' | grep 'not found' | grep -v lttng"
step "every native file is for arm64" bash -c "! find '$tree/usr/lib/mobilevlm' -name '*.so' -exec file {} + | grep -v aarch64"
step "doctor runs" bash -c "chroot '$tree' env ORT_DISABLE_TELEMETRY=1 mobilevlm doctor; [ \$? -le 1 ]"
grep -E 'system|processor|OpenCV' "$work/step" | sed 's/^/        /'

rm -rf "$tree/var/lib/mobilevlm/models/demo" "$work/model"
step "the demo's checkpoint is imported" arm mobilevlm model import /usr/lib/mobilevlm/demo/mobilevlm-demo-gate /var/lib/mobilevlm/models/demo --precision fp32
export ORT_DISABLE_TELEMETRY=1
"$work/x64/usr/lib/mobilevlm/mobilevlm" model import "$work/x64/usr/lib/mobilevlm/demo/mobilevlm-demo-gate" "$work/model" --precision fp32 >/dev/null 2>&1
step "into the same weights as on x64" bash -c "cd '$work/model' && sha256sum *.bin *.onnx* *.data 2>/dev/null | (cd '$tree/var/lib/mobilevlm/models/demo' && sha256sum -c --quiet)"

mkdir -p "$tree/root/pictures"
for scene in ${MOBILEVLM_SCENES:-000 007 013 021 034}; do
    picture=$root/Tests/Demo/heldout/scene$scene.jpg
    cp "$picture" "$tree/root/pictures/"
    ask() { "$@" --image "$image" --max-tokens 24 --json "What is in the picture?" "Is there a person?"; }
    image=$picture ask "$work/x64/usr/lib/mobilevlm/mobilevlm" ask --model "$work/model" 2>/dev/null | jq -c '[.answers[].tokenIds]' >"$work/ids.x64"
    one() { image=/root/pictures/scene$scene.jpg ask arm mobilevlm ask --model /var/lib/mobilevlm/models/demo 2>/dev/null | jq -c '[.answers[].tokenIds]' >"$work/ids.arm64" && diff "$work/ids.x64" "$work/ids.arm64"; }
    step "scene$scene is answered with the same ids as on x64: $(cut -c1-70 "$work/ids.x64")" one
done

# A broker of x64; the service reads a folder of pictures, so that no video decoder is emulated too.
port=18777
broke() { printf 'listener %s 127.0.0.1\nallow_anonymous true\n' $port >"$work/mosquitto.conf"; mosquitto -c "$work/mosquitto.conf" >"$work/mosquitto.log" 2>&1 & broker=$!; }
cp "$here/appsettings.json" "$tree/etc/mobilevlm/appsettings.json"
# The emulator does not always notice that .NET rewrites code. It does where code has one address only and each method is written once.
serve() { arm DOTNET_EnableWriteXorExecute=0 DOTNET_TieredCompilation=0 taskset -c 0 mobilevlm run --config /etc/mobilevlm/appsettings.json >"$work/service.log" 2>&1 & service=$!; }
receive() { timeout "$1" mosquitto_sub -V 5 -h 127.0.0.1 -p $port -t "$2" -C 1; }
broke
serve
answered() { # the first is "unknown", published before the first picture; the subscriber is ended at the second
    set +o pipefail
    timeout 400 mosquitto_sub -V 5 -h 127.0.0.1 -p $port -t mobilevlm/arm/pictures/person/answer | jq --unbuffered -c 'select(.value != "unknown")' | head -1 | grep .
    local found=$?
    set -o pipefail
    return $found
}
step "the service publishes an answer to a broker" answered
sed 's/^/        /' "$work/step" | cut -c1-200
step "and its state" receive 60 mobilevlm/arm/pictures/person/state
step "and an event, because one picture has a person and the next has none" receive 400 mobilevlm/arm/pictures/person/event
sed 's/^/        /' "$work/step" | cut -c1-200

# The broker goes away while the pictures keep changing: events wait on the disk, through a restart of the service.
kept() { python3 -c 'import sqlite3,sys; print("\n".join(r[0] for r in sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute("SELECT id FROM outbox ORDER BY seq")))' "$tree/root/state/outbox.db"; }
# The service has its outbox to itself, so from outside only that it is written to is seen, until it has ended.
fills() {
    local i writes=0 then=0 now
    for ((i = 0; i < 400 && writes < 4; i++)); do
        now=$(stat -c %Y.%s "$tree/root/state/outbox.db-wal" 2>/dev/null || true)
        [ "$now" = "$then" ] || writes=$((writes + 1))
        then=$now
        sleep 1
    done
    [ "$writes" -ge 4 ]
}
kill "$broker"
wait "$broker" 2>/dev/null || true
broker=
step "with the broker away, events are kept in SQLite" fills
end
grep -qE 'SIGSEGV|Unhandled' "$work/service.log" && bad "the service crashed"
ok "it stops when asked: $(tail -1 "$work/service.log" | cut -c1-120)"
kept >"$work/kept"
step "what was kept outlives the service: $(grep -c . "$work/kept") event(s), $(stat -c %s "$tree/root/state/outbox.db") bytes" test -s "$work/kept"
broke
late() { # the ids that were kept, first and in order, each marked as late
    timeout 400 mosquitto_sub -V 5 -h 127.0.0.1 -p $port -q 1 -t mobilevlm/arm/pictures/person/event -C "$(grep -c . "$work/kept")" |
        tee "$work/late" | jq -r 'select(.historical) | .id' | diff "$work/kept" -
}
late >"$work/late.diff" 2>&1 & listening=$!
sleep 2
serve
step "the next start sends them, in order and marked historical" wait "$listening"
head -1 "$work/late" | sed 's/^/        /' | cut -c1-200
end
step "and the outbox is empty of them" bash -c "! python3 -c 'import sqlite3,sys; print(*[r[0] for r in sqlite3.connect(sys.argv[1]).execute(\"SELECT id FROM outbox\")], sep=chr(10))' '$tree/root/state/outbox.db' | grep -qxF -f '$work/kept'"
step "the package goes without a trace" bash -c "chroot '$tree' dpkg -P mobilevlm && ! ls -d '$tree'/etc/mobilevlm '$tree'/var/lib/mobilevlm '$tree'/usr/lib/mobilevlm 2>/dev/null | grep ."
echo "all passed"
