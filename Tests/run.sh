#!/usr/bin/env bash
# All tests on a fresh Debian or Ubuntu machine: installs the real brokers, cameras and decoders that they use, builds,
# runs, and ends with the line 'N passed, N failed'. Options go to 'dotnet test', --filter for example.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export ORT_DISABLE_TELEMETRY=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

needed=(
    ffmpeg mosquitto mosquitto-clients tmux faketime nginx
    python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-tools
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
    libgtk-3-0 libdrm2 libatomic1
    gcc libc6-dev jq curl
    chromium
)
# Where Node.js comes from elsewhere, Debian's packages would not go with it.
command -v node >/dev/null || needed+=(nodejs)
command -v npm >/dev/null || needed+=(npm)
missing=()
for package in "${needed[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "Installing ${missing[*]} ..."
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root apt-get update -qq
    if [[ " ${missing[*]} " == *" chromium "* ]] && ! apt-cache show chromium >/dev/null 2>&1; then
        echo "This system has no package chromium (Ubuntu has a snap): the tests of the live page are skipped."
        missing=("${missing[@]/#chromium/}")
    fi
    # shellcheck disable=SC2068 # the emptied entry must vanish
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends ${missing[@]} >/dev/null || exit 1
fi

dotnet build MobileVlm.Edge.sln -c Release -v quiet --nologo || { echo "0 passed, 1 failed"; exit 1; }

# One project after the other: some tests play cameras at real pace.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
dotnet test MobileVlm.Edge.sln -c Release --no-build -m:1 --nologo "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

read -r passed failed skipped < <(sed -n 's/.*Failed: *\([0-9]*\), Passed: *\([0-9]*\), Skipped: *\([0-9]*\).*/\1 \2 \3/p' "$log" |
    awk '{ f += $1; p += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
    failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
