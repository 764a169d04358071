#!/bin/bash
# What Tests/Systemd/run.sh has done inside the booted system. Each step prints one line; the first that fails ends it.
cd /opt/test
started=$(date +%s)
ok() { printf '%4d s  ok    %s\n' "$(($(date +%s) - started))" "$1"; }
bad() {
    printf '%4d s  BAD   %s\n' "$(($(date +%s) - started))" "$1"
    systemctl status mobilevlm --no-pager -l | head -20
    journalctl -u mobilevlm --no-pager -n 40
    exit 1
}
step() { # what, command...
    local what=$1
    shift
    if "$@" >/tmp/step 2>&1; then ok "$what"; else tail -20 /tmp/step; bad "$what"; fi
}
within() { # seconds, command...
    local until=$(($(date +%s) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt $until ] || return 1
        sleep 0.5
    done
}
show() { systemctl show mobilevlm -p "$1" --value; }
answer() { timeout 20 mosquitto_sub -V 5 -h 127.0.0.1 -t 'mobilevlm/box/gate/person/answer' -C 1 -R; }

systemctl --version | head -1
step "the package installs" dpkg -i old.deb
step "it does not start before it is configured" test "$(systemctl is-active mobilevlm)" = inactive
step "the unit has no fault that systemd knows of" systemd-analyze verify mobilevlm.service
systemd-analyze security mobilevlm.service --no-pager >/tmp/security || true
step "systemd-analyze security is at 2.0 or better: $(tail -1 /tmp/security | grep -o '[0-9]\.[0-9]')" \
    systemd-analyze security mobilevlm.service --threshold=20

systemctl start mobilevlm || true
step "without a model it fails with exit code 2" within 30 test "$(show ExecMainStatus)" = 2
sleep 6
step "and is not started again and again" test "$(show NRestarts)" = 0
journalctl -u mobilevlm --no-pager -o cat | grep -m1 -i 'error:' | sed 's/^/        log: /'

step "the bundled checkpoint is imported" mobilevlm model import /usr/lib/mobilevlm/demo/mobilevlm-demo-gate /var/lib/mobilevlm/models/demo
cp appsettings.json /etc/mobilevlm/appsettings.json
before=$(date +%s%N)
step "systemctl start returns when the service is ready" systemctl enable --now mobilevlm
echo "        ready after $((($(date +%s%N) - before) / 1000000)) ms"
step "an answer arrives over MQTT" answer
sed 's/^/        /' /tmp/step
step "it runs as its own user" test "$(stat -c %U /proc/"$(show MainPID)")" = mobilevlm
step "only the configured port listens" bash -c 'test "$(grep -h " 0A " /proc/net/tcp /proc/net/tcp6 | wc -l)" = 1'
step "no telemetry: nothing of it below the service's folders" \
    bash -c '! find /var/lib/mobilevlm /var/cache/mobilevlm /tmp /root /home -iname "*onnxruntime*" | grep .'
within 15 bash -c 'systemctl show mobilevlm -p StatusText --value | grep -q answers'
echo "        status: $(show StatusText)"

pid=$(show MainPID)
step "systemctl reload succeeds with a new question in the configuration" bash -c '
    sed -i "s|\"Questions\": {|\"Questions\": { \"open\": { \"Ask\": \"Is the gate open?\", \"Answer\": \"YesNo\", \"Every\": \"00:00:01\" },|" /etc/mobilevlm/appsettings.json
    systemctl reload mobilevlm'
step "the new question is answered" timeout 20 mosquitto_sub -V 5 -h 127.0.0.1 -t mobilevlm/box/gate/open/answer -C 1
step "by the same process" test "$(show MainPID)" = "$pid"
cp /etc/mobilevlm/appsettings.json good.json
thai=$(for _ in $(seq 40); do printf 'มีคนอยู่ที่ประตูไหม '; done)
sed -i "s|Is the gate open?|$thai|" /etc/mobilevlm/appsettings.json
step "systemctl reload fails with a question that cannot fit" bash -c '! systemctl reload mobilevlm'
journalctl -u mobilevlm --no-pager -o cat | grep -m1 -o 'Cameras:gate:Questions:open:Ask: needs .*' | sed 's/^/        log: /'
step "and names both numbers" bash -c "journalctl -u mobilevlm --no-pager -o cat | grep -q 'Questions:open:Ask: needs [0-9]* tokens.*ContextTokens is 1024'"
step "the service continues with its old configuration" answer
step "as the same process" test "$(show MainPID)" = "$pid"
cp good.json /etc/mobilevlm/appsettings.json
step "and reloads again once the file is correct" systemctl reload mobilevlm

# The status line is rewritten with each watchdog ping; 60 s without one would end it.
pid=$(show MainPID)
python3 freeze-thread.py "$pid" mvlm-engine &
freezer=$!
before=$(date +%s)
step "with the engine's thread held still, the watchdog ends the process" within 150 bash -c "! test -e /proc/$pid"
echo "        after $(($(date +%s) - before)) s (StuckAfter 5 s, WatchdogSec 60 s)"
wait $freezer
journalctl -u mobilevlm --no-pager -o cat | grep -E 'Nothing has moved|Watchdog timeout|result .watchdog' | sed 's/^/        log: /'
step "and systemd starts it again" within 60 bash -c 'test "$(systemctl is-active mobilevlm)" = active'
step "which answers again" answer

kill -KILL "$(show MainPID)"
step "after SIGKILL it is started again" within 60 bash -c "test \"\$(systemctl show mobilevlm -p NRestarts --value)\" = 2 && test \"\$(systemctl is-active mobilevlm)\" = active"
step "and answers" answer

sha=$(sha256sum /etc/mobilevlm/appsettings.json /var/lib/mobilevlm/models/demo/model.json)
pid=$(show MainPID)
step "an upgrade keeps going" dpkg -i --force-confdef --force-confold new.deb
step "with the new version" bash -c 'dpkg-query -W -f "\${Version}" mobilevlm | grep -q upgrade1'
step "which was started" test "$(systemctl is-active mobilevlm)" = active
step "as another process" test "$(show MainPID)" != "$pid"
step "with the same configuration and model" test "$sha" = "$(sha256sum /etc/mobilevlm/appsettings.json /var/lib/mobilevlm/models/demo/model.json)"
step "and answers" answer

before=$(date +%s%N)
step "it stops" systemctl stop mobilevlm
took=$((($(date +%s%N) - before) / 1000000))
step "within its limit: $took ms" test $took -lt 15000
step "in order: exit code 0" test "$(show Result) $(show ExecMainStatus)" = "success 0"

step "PasswordFile reads the credential" bash -c '
    printf "secret\n" >/etc/mobilevlm/mqtt-password
    sed -i "s|\"Broker\": \"embedded\"|\"Broker\": \"mqtt://127.0.0.1:18999\", \"User\": \"edge\", \"PasswordFile\": \"credential:mqtt-password\"|" /etc/mobilevlm/appsettings.json
    systemctl start mobilevlm'
step "which the service's user cannot read at its source" bash -c '! runuser -u mobilevlm -- cat /etc/mobilevlm/mqtt-password'
step "doctor sees it" bash -c 'mobilevlm doctor --config /etc/mobilevlm/appsettings.json | grep -q "broker.*no connection"'

step "removing keeps configuration and data" bash -c 'dpkg -r mobilevlm && test -e /etc/mobilevlm/appsettings.json && test -e /var/lib/mobilevlm/models/demo/model.json'
step "purging leaves nothing" bash -c '
    dpkg -P mobilevlm
    ! ls -d /etc/mobilevlm /var/lib/mobilevlm /var/cache/mobilevlm /usr/lib/mobilevlm /usr/share/doc/mobilevlm /usr/bin/mobilevlm 2>/dev/null | grep . &&
    ! getent passwd mobilevlm && ! find / -xdev -iname "*mobilevlm*" -not -path "/opt/test/*" -not -path "/var/lib/dpkg/*" -not -path "/proc/*" -not -path "/var/log/*" | grep .'
echo "all passed"
