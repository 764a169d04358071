# shellcheck shell=bash
# The inference hosts b and c do not reach each other, as with a firewall between them or a connection that hangs; the camera host a reaches
# both. Sourced by run.sh after hosts.sh.
[ $namespaces = 1 ] || { note "skipped: it needs network namespaces (root)"; check 1 "nothing to do without network namespaces"; return; }
import_model
configure 3 1 00:00:00.2 '{"Broker":"embedded","Port":1883}'
# Isolated ports of the switch reach only ports that are not.
between() { local n; for n in b c; do ip -n "${tag}s" link set "p$n" type bridge_slave isolated "$1"; done; }
both_answer() { until_answers b 2 && until_answers c 2; }
since() { echo $(($(date +%s) - t)); }

start b; start c; start a
until_state b up && until_state c up && both_answer; check $((! $?)) "both hosts answer, with encryption"
between on; note "b and c do not reach each other any more"
sleep 15
[ "$(state b)" = up ] && [ "$(state c)" = up ]; check $((! $?)) "both are up for the camera host 15 s later"
both_answer; check $((! $?)) "and both answer"

for n in c b; do
    kill_hosts $n; start $n; t=$(date +%s); note "$n is killed and started again meanwhile"
    until_answers $n; check $((! $?)) "$n answers again after $(since) s"
    both_answer; check $((! $?)) "and both answer"
done

kill_hosts b c; start b; start c; t=$(date +%s); note "both are killed and started again, so that each founds a cluster"
both_answer || both_answer; check $((! $?)) "both answer after $(since) s"

sleep 15; lines=$(wc -l <"$out/c.log"); between off; t=$(date +%s); note "b and c reach each other again"
for _ in $(seq 60); do tail -n +$((lines + 1)) "$out/c.log" | grep -q "$(address b) is up" && break; sleep 1; done
tail -n +$((lines + 1)) "$out/c.log" | grep -q "$(address b) is up"; check $((! $?)) "c knows that b is up after $(since) s"
both_answer; check $((! $?)) "and both answer"

# It still accepts connections, whose handshake with TLS never ends; all of these fail at once when it is killed, by a watchdog for example.
kill -STOP "${pid[c]}"; note "c hangs"
until_state c unreachable; check $((! $?)) "c is unreachable"
sleep 20; n=$(answers 5 b); check $((n >= 10)) "host b goes on: $n answers in 5 s"
kill_hosts c; start c; t=$(date +%s); note "c is killed and started again"
n=$(answers 8 b); check $((n >= 16)) "host b goes on: $n answers in 8 s"
check "$(($(grep -c 'ClusterNode\[115\]' "$out/a.log") == 0))" "the connections of the camera host never ended"
until_answers c; check $((! $?)) "c answers again after $(since) s"
check "$(stats_of "int(all(c['captureRestarts'] == 0 for c in j['cameras'].values()) and j['mqtt']['reconnects'] == 0)")" "captures and the MQTT session never restarted"
note "counters: $(stats_of "{h: {k: n[k] for k in ('answered', 'lost', 'late')} for h, n in j['cluster']['nodes'].items()}")"
