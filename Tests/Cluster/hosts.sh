# shellcheck shell=bash
# Hosts of a cluster for run.sh and its modes: camera host a and inference hosts, with encryption and the demo model. To be sourced, with
# their names in 'hosts'.
# As root each host has a network namespace of its own, and a cable is cut by taking a port of the switch between them down, which TCP does
# not notice. Otherwise all use loopback addresses, and a host is cut off by stopping its process (SIGSTOP).
export ORT_DISABLE_TELEMETRY=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
exe=${PROGRAM:-$PWD/Deploy/bin/Release/net10.0/mobilevlm.dll}
[ -f "$exe" ] || { echo "Build first: dotnet build Deploy -c Release"; exit 1; }
for tool in mosquitto_sub openssl python3; do command -v $tool >/dev/null || { echo "Install $tool first."; exit 1; }; done
out=$(mktemp -d); tag=mvc$$; declare -A pid program; passed=0; failed=0; began=$(date +%s)
if [ "${LOOPBACK:-0}" = 0 ] && [ "$(id -u)" = 0 ] && ip netns add "${tag}s" 2>/dev/null; then
    namespaces=1; net=10.77.0; local=127.0.0.1
else
    # Another network at each run, so that two runs do not meet.
    namespaces=0; net=127.$((RANDOM % 200 + 20)).$((RANDOM % 200 + 20)); local=$net.1
fi

cleanup() {
    for p in "${pid[@]}"; do kill -CONT "$p" 2>/dev/null; kill -9 "$p" 2>/dev/null; done
    if [ $namespaces = 1 ]; then for n in "${hosts[@]}" s; do ip netns del "$tag$n" 2>/dev/null; done; fi
    if [ -n "${KEEP:-}" ]; then echo "Kept: $out"; else rm -rf "$out"; fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

note() { printf '%5d s  %s\n' $(($(date +%s) - began)) "$*"; }
check() { if [ "$1" = 1 ]; then passed=$((passed + 1)); note "ok: $2"; else failed=$((failed + 1)); note "FAILED: $2"; fi; }
# The last number of the address of a host.
number() { case $1 in a) echo 1 ;; b) echo 2 ;; c) echo 3 ;; d) echo 4 ;; esac; }
address() { echo "$net.$(number "$1"):7071"; }
# Runs a command on a host; and as the program of a background process, so that $! is the id of that program.
on() { local n=$1; shift; if [ $namespaces = 1 ]; then ip netns exec "$tag$n" "$@"; else "$@"; fi; }
become() { local n=$1; shift; if [ $namespaces = 1 ]; then exec ip netns exec "$tag$n" "$@"; else exec "$@"; fi; }

if [ $namespaces = 1 ]; then
    ip -n "${tag}s" link add sw type bridge; ip -n "${tag}s" link set sw up
    for n in "${hosts[@]}"; do
        ip netns add "$tag$n"
        ip -n "${tag}s" link add "p$n" type veth peer name eth0 netns "$tag$n"
        ip -n "${tag}s" link set "p$n" master sw up
        ip -n "$tag$n" addr add "$net.$(number $n)/24" dev eth0; ip -n "$tag$n" link set eth0 up; ip -n "$tag$n" link set lo up
    done
fi

(cd "$out" && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=authority" -keyout ca.key -out ca.crt
 openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=host" -keyout host.key -out host.csr
 openssl x509 -req -in host.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out host.crt) 2>/dev/null

# Imports the demo model by a program.
import_model() { dotnet "${1:-$exe}" model import Deploy/demo/mobilevlm-demo-gate "$out/model" --precision fp32 >/dev/null || { echo "The demo model cannot be imported."; exit 1; }; }

seeds=""; for n in "${hosts[@]:1}"; do seeds="$seeds${seeds:+,}\"$(address "$n")\""; done
cluster() { printf '"Cluster":{"Listen":"%s","Nodes":[%s],"CertificateFile":"host.crt","KeyFile":"host.key","AuthorityFile":"ca.crt"}' "$(address "$1")" "$seeds"; }
# Writes the configurations: cameras, speed of the clip, interval of the question, broker, more keys of host a.
configure() {
    local cameras="" c
    for c in $(seq "$1"); do cameras="$cameras${cameras:+,}\"c$c\":{\"Source\":\"$PWD/Deploy/demo/gate.mp4\",\"Loop\":true,\"Speed\":$2,\"Gate\":false,\"Questions\":{\"p\":{\"Ask\":\"Is there a person?\",\"Answer\":\"YesNo\",\"Every\":\"$3\"}}}"; done
    printf '{"MobileVlm":{"Node":"a","StateFolder":"%s/state","Mqtt":%s,"Pipeline":{"StatsEvery":"00:00:01"},"Cameras":{%s},%s%s}}' "$out" "$4" "$cameras" "$(cluster a)" "${5:-}" >"$out/a.json"
    for n in "${hosts[@]:1}"; do printf '{"MobileVlm":{"Node":"%s","Model":{"Path":"%s/model"},%s}}' $n "$out" "$(cluster $n)" >"$out/$n.json"; done
}

# Starts a host, by the program in program[HOST] or the built one.
start() { become "$1" dotnet "${program[$1]:-$exe}" run --config "$out/$1.json" >>"$out/$1.log" 2>&1 & pid[$1]=$!; disown; }
cable() {
    if [ $namespaces = 1 ]; then ip -n "${tag}s" link set "p$1" "$2"; else kill -"$([ "$2" = up ] && echo CONT || echo STOP)" "${pid[$1]}"; fi
}
# What a subscriber on host a receives.
subscribe() { on a mosquitto_sub -h "$local" -p 1883 "$@" 2>/dev/null; }
# Answers of a host within some seconds; of all hosts without a name.
answers() { subscribe -W "$1" -R -t 'mobilevlm/a/+/p/answer' | grep -c "\"host\":\"$net.${2:+$(number "$2"):}"; }
stats_of() { subscribe -W 5 -C 1 -t mobilevlm/a/stats | python3 -c "import json,sys; j=json.load(sys.stdin); print($1)" 2>/dev/null; }
state() { stats_of "j['cluster']['nodes'].get('$(address "$1")',{}).get('state')"; }
until_state() { for _ in $(seq 60); do [ "$(state "$1")" = "$2" ] && return 0; sleep 1; done; return 1; }
# Without a broker a subscriber ends at once.
until_answers() { for _ in $(seq 40); do [ "$(answers 2 "$1")" -ge "${2:-3}" ] && return 0; sleep 0.2; done; return 1; }
kill_hosts() { local n; for n in "$@"; do kill -9 "${pid[$n]}"; done; }
finish() { echo "$passed passed, $failed failed"; [ $failed = 0 ] && [ $passed -gt 0 ]; }
