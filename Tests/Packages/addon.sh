#!/usr/bin/env bash
# The add-on's image: built from its folder as the Supervisor builds it, started with options in /data, a broker, and nginx at the
# Supervisor's address, which answers for the broker's address and shows the page below a path as ingress does. Chromium then uses
# the page there. No Supervisor and no Home Assistant run. Needs root, buildah, podman, runc, jq, chromium, node, mosquitto-clients,
# and 'npm ci' in Tests/Browser.
#
#   Tests/Packages/addon.sh --package FILE.deb [--base IMAGE] [--ffmpeg FILE.tar.gz] [--keep FOLDER] [--image IMAGE]
#
# --ffmpeg: a compiled one, as a release brings it. --keep: where the page's picture goes. --image: take this one, build none.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=Tests/Packages/images.sh
. "$here/images.sh"
usage() { sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
package= base= ffmpeg= keep= image=
while [ $# -gt 0 ]; do
    [ $# -gt 1 ] || usage
    case $1 in
        --package) package=$2 ;;
        --base) base=$2 ;;
        --ffmpeg) ffmpeg=$2 ;;
        --keep) keep=$2 ;;
        --image) image=$2 ;;
        *) usage ;;
    esac
    shift 2
done
[ -f "$package" ] || usage
prepare buildah podman runc jq node curl mosquitto_sub
browser=$(command -v chromium || command -v chromium-browser) || { echo "chromium is missing: apt-get install chromium" >&2; exit 2; }
[ -d "$root/Tests/Browser/node_modules" ] || { echo "run 'npm ci --ignore-scripts' in Tests/Browser first" >&2; exit 2; }

name=mobilevlm-addon-$$
tidy() {
    [ -z "${addon_log:-}" ] || podman logs "$name" >"$addon_log" 2>&1 || true
    podman rm -f -t 1 "$name" "$name-supervisor" "$name-broker" >/dev/null 2>&1 || true
    podman network rm -f "$name" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap tidy EXIT
addon_log=${keep:+$keep/addon.log}
base=${base:-$(debian_base)}
nginx=$(with_package nginx-light "$base" '["/usr/sbin/nginx","-g","daemon off;","-c","/etc/nginx.conf"]')
mosquitto=$(with_package mosquitto "$base" '["/usr/sbin/mosquitto","-c","/mosquitto/config/mosquitto.conf"]')

echo "== the add-on's image, on $base"
context=$work/addon
cp -r "$root/Deploy/homeassistant/addon" "$context"
mkdir "$context/packages"
cp "$root/Deploy/container/collect.sh" "$root/Deploy/container/ffmpeg.sh" "$context/"
architecture=$(dpkg-deb --field "$package" Architecture)
version=$(dpkg-deb --field "$package" Version)
cp "$package" "$context/packages/mobilevlm_${version}_$architecture.deb"
[ -z "$ffmpeg" ] || cp "$ffmpeg" "$context/packages/ffmpeg-$architecture.tar.gz"
[ -n "$image" ] || step "it builds" buildah build --isolation chroot --format docker -f "$context/Dockerfile" --build-arg "BASE=$base" \
    --build-arg "BUILD_ARCH=$(echo "$architecture" | sed s/arm64/aarch64/)" --build-arg "BUILD_VERSION=$version" -t localhost/mobilevlm-addon "$context"
image=${image:-localhost/mobilevlm-addon}
echo "        unpacked $(($(podman image inspect --format '{{.Size}}' "$image") / 1000000)) MB"

echo "== with the network of Home Assistant's add-ons"
# The Supervisor is 172.30.32.2 there, and add-ons have the next network.
podman network create --subnet 172.30.32.0/23 --gateway 172.30.32.1 "$name" >/dev/null
session=/api/hassio_ingress/c0ffee-$$
cat >"$work/nginx.conf" <<CONF
error_log stderr; pid /tmp/nginx.pid;
events {}
http {
    access_log /dev/stdout;
    # The Supervisor looks an add-on up when it is asked for it, so it may start later.
    resolver 172.30.32.1 valid=1s;
    server {
        listen 80;
        location = /services/mqtt {
            if (\$http_authorization != "Bearer of the add-on") { return 401; }
            default_type application/json;
            return 200 '{"result":"ok","data":{"host":"core-mosquitto","port":1883,"ssl":false,"username":"","password":"","protocol":"3.1.1"}}';
        }
        location $session/ {
            set \$addon addon;
            rewrite ^$session/(.*) /\$1 break;
            proxy_pass http://\$addon:8080;
            proxy_http_version 1.1;
            proxy_set_header Host \$http_host;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header X-Ingress-Path $session;
            proxy_set_header X-Forwarded-Host \$http_host;
            proxy_set_header X-Forwarded-Proto http;
            proxy_buffering off;
            client_max_body_size 16m;
        }
    }
}
CONF
printf 'listener 1883\nallow_anonymous true\n' >"$work/mosquitto.conf"
chmod 644 "$work"/*.conf && chmod 755 "$work"
run() { # name, address, alias, arguments...
    podman run -d --name "$1" --network "$name:ip=$2,alias=$3" "${@:4}"
}
step "the Supervisor's address answers" run "$name-supervisor" 172.30.32.2 supervisor -v "$work/nginx.conf:/etc/nginx.conf:ro" --tmpfs /var/log/nginx --tmpfs /var/lib/nginx "$nginx"
step "a broker is there" run "$name-broker" 172.30.33.3 core-mosquitto -v "$work/mosquitto.conf:/mosquitto/config/mosquitto.conf:ro" "$mosquitto"
mkdir -p "$work/data" "$work/config"
jq '.options + { history: true }' "$context/config.json" >"$work/data/options.json"
begun=$(now)
step "the add-on starts with its default options and a history" run "$name" 172.30.33.4 addon --init --tmpfs /tmp \
    -e "SUPERVISOR_TOKEN=of the add-on" -v "$work/data:/data" -v "$work/config:/config:ro" "$image"
ready() { podman ps --format '{{.Names}}' | grep -qx "$name" && within 300 curl -fsS -m 2 http://172.30.33.4:8080/readyz || { podman logs "$name" 2>&1 | tail; return 1; }; }
step "/readyz is 200" ready
echo "        after $(since "$begun") s, with the import of the model"
step "it has the broker from the Supervisor" grep -q '"mqtt://core-mosquitto:1883"' "$work/data/appsettings.json"
step "Home Assistant would find its entities there" timeout 20 mosquitto_sub -h 172.30.33.3 -t 'homeassistant/+/+/config' -t 'homeassistant/+/+/+/config' -C 1 -F '%t'
sed 's/^/        /' "$step_output"
step "an answer arrives there" timeout 20 mosquitto_sub -h 172.30.33.3 -t 'mobilevlm/+/gate/person/answer' -C 1
step "another machine needs a token" bash -c "curl -s -o /dev/null -w '%{http_code}' http://172.30.33.4:8080/api/v1/cameras | grep 401"
step "also with the header that only the Supervisor may send" bash -c "curl -s -o /dev/null -w '%{http_code}' -H 'X-Ingress-Path: $session' http://172.30.33.4:8080/api/v1/cameras | grep 401"

echo "== ingress, in Chromium"
step "an event is in the history" within 90 bash -c "curl -fsS -m 5 http://172.30.32.2$session/api/v1/events | grep -q historyId"
mkdir -p "${keep:-$work/pictures}"
step "page, live values, pictures, a question and the history below $session/" node "$root/Tests/Browser/run.mjs" \
    "$(jq -nc --arg browser "$browser" --arg address "http://172.30.32.2$session/" --arg folder "${keep:-$work/pictures}" '$ARGS.named')" ingress
sed 's/^/        /' "$step_output"
step "the event stream is not buffered" bash -c "curl -sN -m 15 http://172.30.32.2$session/api/v1/events/stream | grep -m1 '^event: '"

step "it ends in time" podman stop -t 30 "$name"
podman rm "$name" >/dev/null 2>&1
begun=$(now)
step "it starts again with its data" run "$name" 172.30.33.4 addon --init --tmpfs /tmp \
    -e "SUPERVISOR_TOKEN=of the add-on" -v "$work/data:/data" -v "$work/config:/config:ro" "$image"
step "/readyz is 200" ready
echo "        after $(since "$begun") s"
step "with the history of before" bash -c "curl -fsS -m 5 http://172.30.32.2$session/api/v1/events | grep -q historyId"
echo "all passed"
