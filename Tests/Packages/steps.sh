# Steps of a test inside the booted system: each prints one line, and the first that fails ends the test.
cd /opt/test || exit 1
export DEBIAN_FRONTEND=noninteractive
started=$(date +%s)
config=/etc/mobilevlm/appsettings.json
step() { # what, command...
    local what=$1
    shift
    if "$@" >/tmp/step 2>&1; then
        printf '%4d s  ok    %s\n' "$(($(date +%s) - started))" "$what"
    else
        tail -20 /tmp/step
        printf '%4d s  BAD   %s\n' "$(($(date +%s) - started))" "$what"
        journalctl -u mobilevlm --no-pager -n 30
        exit 1
    fi
}
user() { # what, command..., shown as a user types it
    local what=$1
    shift
    printf '      $ %s\n' "$*"
    step "$what" "$@"
}
within() { # seconds, command...
    local until=$(($(date +%s) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt $until ] || return 1
        sleep 0.5
    done
}
page() { # path: the first line of the answer of the page's server
    exec 3<>/dev/tcp/127.0.0.1/8080 || return 1
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1" >&3
    head -1 <&3
    exec 3>&-
}
is() { page "$1" | grep -q " $2"; }
answers() { within 30 bash -c "timeout 10 mobilevlm watch --config $config | grep -m1 -E 'person|gate'"; }
version() { dpkg-query -W -f '${Version}' mobilevlm; }
nothing_is_left() {
    ! ls -d /etc/mobilevlm /var/lib/mobilevlm /var/cache/mobilevlm /usr/lib/mobilevlm /usr/share/doc/mobilevlm /usr/bin/mobilevlm 2>/dev/null | grep . &&
        ! getent passwd mobilevlm
}
