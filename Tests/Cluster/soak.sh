# shellcheck shell=bash
# Many kills and cuts in a row. In each round one inference host is killed and started again, and the other one, or the camera host, is cut
# off for 2 to 12 s. A real subscriber at a real broker receives events; soak.py compares them with the history of the camera host.
# Sourced by run.sh after hosts.sh.
rounds=${1:-100}; minutes=${2:-600}
RANDOM=23
command -v mosquitto >/dev/null || { echo "Install mosquitto first."; exit 1; }
import_model
# A fast clip, so that there are many events; few questions, so that the machine is not busy.
configure 3 4 00:00:00.25 "{\"Broker\":\"mqtt://$local:1883\"}" ",\"History\":{\"Folder\":\"$out/history\"}"
printf 'listener 1883 %s\nallow_anonymous true\n' "$local" >"$out/mosquitto.conf"
become a mosquitto -c "$out/mosquitto.conf" >"$out/mosquitto.log" 2>&1 & pid[broker]=$!; disown
sleep 1
mkfifo "$out/feed"
become a mosquitto_sub -h "$local" -q 1 -c -i soak -t 'mobilevlm/a/+/p/answer' -t 'mobilevlm/a/+/p/event' -F '%t %p' >"$out/feed" & pid[subscriber]=$!; disown
python3 Tests/Cluster/soak.py watch "$out" <"$out/feed" & pid[watch]=$!; disown

for n in b c a; do start $n; done
# The watcher touches answered-HOST when an answer of that host comes.
mark() { touch "$out/mark"; }
answered() { for _ in $(seq 240); do [ "$out/answered-$net.$(number "$1")" -nt "$out/mark" ] && return 0; sleep 0.25; done; return 1; }
sample() {
    local dir=/proc/$camera
    printf '%s %s %s %s\n' "$(($(date +%s) - began))" "$(awk '/VmRSS/ { print $2 }' "$dir/status")" \
        "$(awk '/Threads/ { print $2 }' "$dir/status")" "$(find "$dir/fd" -mindepth 1 2>/dev/null | wc -l)" >>"$out/memory"
}

mark; answered b && answered c; check $((! $?)) "both hosts answer"
camera=${pid[a]}
kills=0; cuts=0; silent=0; slowest=0
for i in $(seq "$rounds"); do
    [ $(($(date +%s) - began)) -ge $((minutes * 60)) ] && { note "$minutes minutes are over"; break; }
    kill -0 "$camera" 2>/dev/null || { check 0 "the camera host lives in round $i"; break; }
    if [ $((i % 2)) = 0 ]; then killed=b; other=c; else killed=c; other=b; fi
    # Each tenth cut is that of the camera host; without namespaces that one would stop the watched process.
    cut=$other; [ $((i % 10)) = 0 ] && [ $namespaces = 1 ] && cut=a
    seconds=$((RANDOM % 11 + 2))
    kill -9 "${pid[$killed]}"; kills=$((kills + 1))
    # A killed host starts before or while the other one is cut.
    [ $((RANDOM % 2)) = 0 ] && sleep 1
    cable $cut down; cuts=$((cuts + 1)); start $killed; sleep $seconds; cable $cut up
    mark; t=$(date +%s)
    if answered $other && answered $killed; then
        took=$(($(date +%s) - t)); [ $took -gt $slowest ] && slowest=$took
    else
        silent=$((silent + 1)); note "round $i: $killed killed, $cut cut for $seconds s: not both answer after 120 s"
    fi
    sample
    [ $((i % 10)) = 0 ] && note "$kills kills, $cuts cuts; camera host: $(awk 'END { printf "%.0f MiB, %s threads, %s handles", $2 / 1024, $3, $4 }' "$out/memory")"
done

check $((silent == 0)) "after each of $kills kills and $cuts cuts both hosts answered again, at most $slowest s after the cut was healed"
check "$(stats_of "int(all(c['captureRestarts'] == 0 for c in j['cameras'].values()) and j['mqtt']['reconnects'] == 0)")" "captures and the MQTT session never restarted"
note "counters: $(stats_of "{h: {k: n[k] for k in ('answered', 'lost', 'late')} for h, n in j['cluster']['nodes'].items()}")"
# A stopped service has sent its events and written its history.
kill -TERM "$camera"; for _ in $(seq 100); do kill -0 "$camera" 2>/dev/null || break; sleep 0.2; done; sleep 2
while read -r ok text; do check "$ok" "$text"; done < <(python3 Tests/Cluster/soak.py report "$out")
