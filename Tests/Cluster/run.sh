#!/usr/bin/env bash
# Hosts of a cluster in network namespaces, with encryption: kills one, cuts a cable for 40 s, and restarts the first seed during a cut.
# Prints a transcript, and ends with 'N passed, N failed'. Needs root, iproute2, mosquitto-clients, openssl, python3 and a build
# (dotnet build Deploy -c Release).
#   Tests/Cluster/run.sh [SECONDS OF THE CUT, 40]
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
cut=${1:-40}
exe=$PWD/Deploy/bin/Release/net10.0/mobilevlm.dll
[ -f "$exe" ] || { echo "Build first: dotnet build Deploy -c Release"; exit 1; }
[ "$(id -u)" = 0 ] || { echo "Needs root, for network namespaces."; exit 1; }
export ORT_DISABLE_TELEMETRY=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
out=$(mktemp -d); tag=mvc$$; declare -A pid; passed=0; failed=0; began=$(date +%s)

cleanup() {
    for p in "${pid[@]}"; do kill -9 "$p" 2>/dev/null; done
    for n in a b c; do ip netns del "$tag$n" 2>/dev/null; done
    ip netns del "${tag}s" 2>/dev/null
    rm -rf "$out"
}
trap cleanup EXIT

note() { printf '%4d s  %s\n' $(($(date +%s) - began)) "$*"; }
check() { if [ "$1" = 1 ]; then passed=$((passed + 1)); note "ok: $2"; else failed=$((failed + 1)); note "FAILED: $2"; fi; }

# One namespace per host, and one with the switch between them: taking a port of the switch down is a cable that is cut. TCP notices nothing.
ip netns add "${tag}s"; ip -n "${tag}s" link add sw type bridge; ip -n "${tag}s" link set sw up
i=1
for n in a b c; do
    ip netns add "$tag$n"
    ip -n "${tag}s" link add "p$n" type veth peer name eth0 netns "$tag$n"
    ip -n "${tag}s" link set "p$n" master sw up
    ip -n "$tag$n" addr add "10.77.0.$i/24" dev eth0; ip -n "$tag$n" link set eth0 up; ip -n "$tag$n" link set lo up
    i=$((i + 1))
done

(cd "$out" && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=authority" -keyout ca.key -out ca.crt
 openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=host" -keyout host.key -out host.csr
 openssl x509 -req -in host.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out host.crt) 2>/dev/null
dotnet "$exe" model import Deploy/demo/mobilevlm-demo-gate "$out/model" --precision fp32 >/dev/null || exit 1

cluster() { printf '"Cluster":{"Listen":"10.77.0.%s:7071","Nodes":["10.77.0.2:7071","10.77.0.3:7071"],"CertificateFile":"host.crt","KeyFile":"host.key","AuthorityFile":"ca.crt"}' "$1"; }
cameras=""
for c in 1 2 3 4; do cameras="$cameras${cameras:+,}\"c$c\":{\"Source\":\"$PWD/Deploy/demo/gate.mp4\",\"Loop\":true,\"Gate\":false,\"Questions\":{\"p\":{\"Ask\":\"Is there a person?\",\"Answer\":\"YesNo\",\"Every\":\"00:00:00.2\"}}}"; done
printf '{"MobileVlm":{"Node":"a","StateFolder":"%s/state","Mqtt":{"Broker":"embedded","Port":1883},"Pipeline":{"StatsEvery":"00:00:01"},"Cameras":{%s},%s}}' "$out" "$cameras" "$(cluster 1)" >"$out/a.json"
for n in b c; do printf '{"MobileVlm":{"Node":"%s","Model":{"Path":"%s/model"},%s}}' $n "$out" "$(cluster $([ $n = b ] && echo 2 || echo 3))" >"$out/$n.json"; done

start() { ip netns exec "$tag$1" dotnet "$exe" run --config "$out/$1.json" >>"$out/$1.log" 2>&1 & pid[$1]=$!; disown; }
cable() { ip -n "${tag}s" link set "p$1" "$2"; }
# Answers of a host within some seconds; of all hosts without a name.
answers() { timeout "$1" ip netns exec "${tag}a" mosquitto_sub -p 1883 -R -t 'mobilevlm/a/+/p/answer' 2>/dev/null | grep -c "\"host\":\"10.77.0.${2:-}"; }
stats_of() { timeout 5 ip netns exec "${tag}a" mosquitto_sub -p 1883 -C 1 -t mobilevlm/a/stats 2>/dev/null | python3 -c "import json,sys; j=json.load(sys.stdin); print($1)" 2>/dev/null; }
state() { stats_of "j['cluster']['nodes'].get('10.77.0.$1:7071',{}).get('state')"; }
until_state() { for _ in $(seq 60); do [ "$(state "$1")" = "$2" ] && return 0; sleep 1; done; return 1; }
until_answers() { for _ in $(seq 30); do [ "$(answers 2 "$1")" -ge 5 ] && return 0; done; return 1; }

for n in b c a; do start $n; done
until_state 2 up && until_state 3 up; check $((! $?)) "two hosts are up, with encryption"
rate=$(answers 5); note "$rate answers in 5 s"

kill -9 "${pid[c]}"; note "host c is killed"
n=$(answers 4 2); check $((n >= 10)) "host b goes on: $n answers in 4 s"
until_state 3 unreachable; check $((! $?)) "c is unreachable"
start c; t=$(date +%s); until_state 3 up && until_answers 3; check $((! $?)) "c answers again $(($(date +%s) - t)) s after its start"

cable b down; note "the cable of b is cut"
until_state 2 unreachable; check $((! $?)) "b is unreachable"
n=$(answers 5 3); check $((n >= 10)) "host c goes on: $n answers in 5 s"
sleep "$cut"; cable b up; t=$(date +%s); note "healed after $cut s"
until_answers 2; took=$(($(date +%s) - t)); check $((took <= 10)) "b answers again after $took s"

cable a down; note "the cable of a, the camera host, is cut"
until_state 3 unreachable && until_state 2 unreachable; check $((! $?)) "no host is left"
[ "$(answers 5)" = 0 ]; check $((! $?)) "no answers, and the camera host lives"
sleep "$cut"; cable a up; t=$(date +%s); note "healed after $cut s"
until_answers 2 && until_answers 3; took=$(($(date +%s) - t)); check $((took <= 15)) "both answer again after $took s"

cable b down; note "the cable of b, the first seed, is cut; b is killed and started again alone"
kill -9 "${pid[b]}"; sleep 2; start b; sleep 20; cable b up; t=$(date +%s); note "healed"
until_answers 2; took=$(($(date +%s) - t)); check $((took <= 40)) "b answers again after $took s"

check "$(stats_of "int(all(c['captureRestarts'] == 0 for c in j['cameras'].values()) and j['mqtt']['reconnects'] == 0)")" "captures and the MQTT session never restarted"
note "counters: $(stats_of "{h: {k: n[k] for k in ('answered', 'lost', 'late')} for h, n in j['cluster']['nodes'].items()}")"
note "captured, and where the frames went: $(stats_of "[(c['framesCaptured'], c['framesUsed'], c['framesReplaced'], c['framesIdle'], c['framesStale'], c['framesFailed']) for c in j['cameras'].values()][0]")"
now=$(answers 5); note "$now answers in 5 s"; check $((now * 10 >= rate * 7)) "the rate is that of the start"
echo; echo "Lines of host a:"; grep -h "Cluster" "$out/a.log" | cut -c1-160
echo "$passed passed, $failed failed"; [ "$failed" = 0 ]
