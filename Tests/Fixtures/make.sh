#!/usr/bin/env bash
# Makes the fixtures of one release: what its program wrote, so that later programs can be tested against it.
#
#   Tests/Fixtures/make.sh VERSION PROGRAM...
#   Tests/Fixtures/make.sh 0.1.0 dotnet /path/of/0.1.0/mobilevlm.dll
#
# PROGRAM must be the program of that release and nothing newer. Needs mosquitto and its clients. The folder
# Tests/Fixtures/VERSION is replaced.
set -euo pipefail

version=$1
shift
program=("$@")
root=$(cd "$(dirname "$0")/../.." && pwd)
target="$root/Tests/Fixtures/$version"
work=$(mktemp -d)
pids=()
trap 'for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done; rm -rf "$work"' EXIT
export ORT_DISABLE_TELEMETRY=1

port=$((20000 + RANDOM % 30000))
topic=mobilevlm/fixture

# The models: a decoder of 4 bit with prefill weights and LDPv2, a float32 one with LDP, a text model.
import() { "${program[@]}" model import "$root/$1" "$work/models/$2" "${@:3}"; }
import Deploy/demo/mobilevlm-demo-gate demo-int4-prefill --precision int4 --prefill w8a7
import Tests/Golden/mobilevlm-v1 mobilevlm-v1-fp32 --precision fp32
import Tests/Golden/llama-gqa llama-gqa-int8 --precision int8

# The service on the demo's clip, with a broker that goes away before the events.
configure() {
    cat >"$work/$1.json" <<JSON
{ "Logging": { "LogLevel": { "Default": "Information", "MobileVlm.Edge.Actors.MqttActor": "Debug" } },
  "MobileVlm": {
  "Node": "fixture", "StateFolder": "$work/$1",
  "Model": { "Path": "$work/models/demo-int4-prefill" },
  "Mqtt": { "Broker": "mqtt://127.0.0.1:$port" },
  "Cameras": { "gate": { "Source": "$root/Deploy/demo/gate.mp4", "Loop": true, "Questions": {
    "person": { "Ask": "Is there a person?", "Answer": "YesNo", "Every": "00:00:00.5" },
    "gate_open": { "Ask": "Is the gate open?", "Answer": "YesNo", "Every": "00:00:00.5" },
    "light": { "Ask": "Is it day or night?", "Answer": "Choice", "Choices": ["day", "night"], "Every": "00:00:01" },
    "cars": { "Ask": "How many cars are there?", "Answer": "Number", "Every": "00:00:01" },
    "scene": { "Ask": "Describe the scene.", "Answer": "Text", "Every": "00:00:02", "MaxTokens": 48 } } } } } }
JSON
}

broker() {
    printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$port" >"$work/broker.conf"
    mosquitto -c "$work/broker.conf" >"$work/broker.log" 2>&1 &
    broker=$!
    pids+=("$broker")
}

service() {
    "${program[@]}" run --config "$work/$1.json" >"$work/$1.log" 2>&1 &
    service=$!
    pids+=("$service")
}

until_true() {
    for _ in $(seq 600); do
        if "$@"; then return; fi
        if ! kill -0 "$service"; then cat "$work"/*.log >&2; exit 1; fi
        sleep 0.2
    done
    echo "did not happen in time: $*" >&2
    exit 1
}

answered() { mosquitto_sub -p "$port" -t "$topic/gate/person/state" -C 1 -W 1 >/dev/null 2>&1; }
switched() { [ "$(mosquitto_sub -p "$port" -t "$topic/gate/cars/enabled" -C 1 -W 1 2>/dev/null)" = OFF ]; }
kept() { [ "$(grep -c 'MqttActor\[73\]' "$work/$1.log")" -ge "$2" ]; }

# NAME: killed or stopped. One question is switched off, then the broker goes, then events happen.
record() {
    configure "$1"
    broker
    service "$1"
    until_true answered
    mosquitto_pub -p "$port" -t "$topic/gate/cars/enabled/set" -m OFF
    until_true switched
    # The state file is written at most every 30 s unless an event happens.
    kill -9 "$broker"
    wait "$broker" 2>/dev/null || true
    before=$(grep -c 'MqttActor\[73\]' "$work/$1.log" || true)
    echo "$before" >"$work/$1.before"
    until_true kept "$1" $((before + 5))
    if [ "$1" = killed ]; then
        # After the state file's write, which follows an event within a second.
        until_true test -s "$work/killed/questions.json"
        kill -9 "$service"
    else
        kill -TERM "$service"
    fi
    wait "$service" 2>/dev/null || true
}

record killed
record stopped

rm -rf "$target"
mkdir -p "$target/models"
cp -r "$work/models/." "$target/models"
for name in killed stopped; do
    mkdir -p "$target/$name"
    for file in outbox.db outbox.db-wal questions.json; do
        if [ -e "$work/$name/$file" ]; then cp "$work/$name/$file" "$target/$name/"; fi
    done
    # What the program itself logged of each event that it kept while nobody listened: id and topic, in order.
    grep -o 'Event [0-9a-f-]* of [^ ]*: Stored' "$work/$name.log" | sed 's/Event \(.*\) of \(.*\): Stored/\1 \2/' |
        tail -n +$(($(cat "$work/$name.before") + 1)) >"$target/$name/kept.txt"
done
chmod -R u+rwX,go+rX,go-w "$target"
du -sh "$target"
