#!/usr/bin/env bash
# An ONVIF camera and the service in two network namespaces with a cable between them: the camera is found by multicast,
# its streams are listed, and a service with an onvif:// source answers about its pictures.
# Needs root, iproute2, ffmpeg, mosquitto-clients and gst-rtsp-server (see Tests/run.sh); built with 'dotnet build -c Release'.
# Without root or namespaces it reports that and ends with 77.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
export ORT_DISABLE_TELEMETRY=1 DOTNET_NOLOGO=1
mobilevlm=${MOBILEVLM:-Deploy/bin/Release/net10.0/mobilevlm}
camera=onvif-camera-$$ edge=onvif-edge-$$
work=$(mktemp -d)
started=()

finish() {
    for process in "${started[@]}"; do kill "$process" 2>/dev/null; done
    wait 2>/dev/null
    ip netns del "$camera" 2>/dev/null
    ip netns del "$edge" 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT

fail() {
    echo "FAILED: $*"
    exit 1
}

until_ready() {
    for _ in $(seq 100); do grep -q "$2" "$1" 2>/dev/null && return; sleep 0.1; done
    fail "$1 never wrote '$2': $(cat "$1")"
}

[ "$(id -u)" = 0 ] || { echo "skipped: network namespaces need root"; exit 77; }
ip netns add "$camera" 2>"$work/netns" && ip netns add "$edge" || { echo "skipped: no network namespaces here ($(cat "$work/netns"))"; exit 77; }
ip link add "oc$$" netns "$camera" type veth peer name "oe$$" netns "$edge" || { echo "skipped: no virtual network cards here"; exit 77; }
ip -n "$camera" address add 10.77.0.2/24 dev "oc$$"
ip -n "$edge" address add 10.77.0.1/24 dev "oe$$"
for side in "$camera oc$$" "$edge oe$$"; do
    read -r name card <<<"$side"
    ip -n "$name" link set lo up
    ip -n "$name" link set "$card" up
done

# The names of the streams lie behind a log-in, and the camera reports an address that only it knows.
echo secret1 >"$work/password"
chmod 600 "$work/password"
tail -f /dev/null | RTSP_ADDRESS=10.77.0.2 RTSP_LOGIN=admin:secret1 ip netns exec "$camera" \
    /usr/bin/python3 Tests/Shared/rtsp-test-server.py 8554 >"$work/rtsp" 2>&1 &
started+=($!)
ip netns exec "$camera" /usr/bin/python3 Tests/Shared/onvif-test-camera.py --forever --address 10.77.0.2 --port 8080 \
    --rtsp-port 8554 --discover 10.77.0.2 --name Yard >"$work/camera" 2>&1 &
started+=($!)
until_ready "$work/rtsp" ready
until_ready "$work/camera" ready

ip netns exec "$edge" "$mobilevlm" cameras --user admin --password-file "$work/password" --json >"$work/found" 2>"$work/errors" ||
    fail "cameras ended with $?: $(cat "$work/errors")"
/usr/bin/python3 - "$work/found" <<'P' || fail "cameras found $(cat "$work/found")"
import json, sys
expected = [{"name": "Yard", "address": "onvif://10.77.0.2:8080", "profiles": [
    {"token": "Profile_Main", "encoding": "H264", "width": 640, "height": 480, "fps": 10},
    {"token": "Profile_Sub", "encoding": "H264", "width": 320, "height": 240, "fps": 5}]}]
sys.exit(json.load(open(sys.argv[1])) != expected)
P
echo "found: $(tr -d ' \n' <"$work/found")"
ip netns exec "$edge" "$mobilevlm" cameras --timeout 2 >"$work/table" 2>"$work/errors" || fail "cameras without a user: $(cat "$work/errors")"
grep -q 'requires a user and a password' "$work/errors" || fail "without a user it wrote: $(cat "$work/errors")"

"$mobilevlm" model import Deploy/demo/mobilevlm-demo-gate "$work/model" --precision fp32 >/dev/null 2>&1 || fail "the demo's model could not be imported"
cat >"$work/appsettings.json" <<C
{"MobileVlm": {"Node": "edge", "StateFolder": "$work/state", "Model": {"Path": "$work/model"}, "Mqtt": {"Broker": "embedded", "Port": 18831},
 "Cameras": {"yard": {"Source": "onvif://admin@10.77.0.2:8080/nat/onvif/device_service", "PasswordFile": "$work/password",
  "Questions": {"package": {"Ask": "Is there a package?", "Answer": "YesNo", "Every": "00:00:01"}}}}}}
C
ip netns exec "$edge" "$mobilevlm" run --config "$work/appsettings.json" >"$work/log" 2>&1 &
started+=($!)
until_ready "$work/log" "ONVIF profile 'Profile_Main'"
answers=$(ip netns exec "$edge" timeout 20 mosquitto_sub -p 18831 -t 'mobilevlm/edge/yard/package/answer' -C 3 2>/dev/null | wc -l)
[ "$answers" = 3 ] || fail "$answers answers; the log of the service: $(cat "$work/log")"
grep -rqs secret1 "$work/log" /proc/[0-9]*/cmdline && fail "the password can be seen"
echo "passed: found, listed, opened, $answers answers"
