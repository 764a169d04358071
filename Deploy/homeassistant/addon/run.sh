#!/bin/bash
# Turns the add-on's options into a configuration, gets the model, and runs the service. A file appsettings.json in the add-on's
# configuration folder replaces the options.
set -euo pipefail
umask 077
data=${ADDON_DATA:-/data}
own=${ADDON_CONFIG:-/config}/appsettings.json
program=${ADDON_PROGRAM:-/usr/lib/mobilevlm/mobilevlm}
mapping=${ADDON_MAPPING:-/options.jq}
supervisor=${ADDON_SUPERVISOR:-http://supervisor}
options=$data/options.json
mkdir -p "$data/models" "$data/state"
export ORT_DISABLE_TELEMETRY=1 DOTNET_EnableDiagnostics=0 XDG_CACHE_HOME="$data/cache"
if [ -e "$own" ]; then
    echo "Configuration: $own; the options are not used." >&2
    exec "$program" run --config "$own"
fi

unknown=$(jq -r '[.questions[].camera] - (if (.cameras | length) == 0 then ["gate"] else [.cameras[].name] end) | unique | join(", ")' "$options")
if [ -n "$unknown" ]; then
    echo "error: option 'questions' names cameras that option 'cameras' does not have: $unknown" >&2
    exit 2
fi

mqtt=null
if [ -z "$(jq -r '.broker // ""' "$options")" ]; then
    # Without an add-on or integration for MQTT this is an error, and the service has a broker of its own.
    mqtt=$(curl -fsS -H "Authorization: Bearer ${SUPERVISOR_TOKEN:-}" "$supervisor/services/mqtt" 2>/dev/null | jq -c '.data // null') || mqtt=null
    [ "$mqtt" != null ] || echo "Home Assistant has no MQTT broker: install the add-on 'Mosquitto broker', or set 'broker'." >&2
fi
jq -r --argjson mqtt "${mqtt:-null}" 'if .broker then .password // "" else $mqtt.password? // "" end' "$options" >"$data/mqtt-password"
jq --arg folder "$data" --argjson mqtt "${mqtt:-null}" -f "$mapping" "$options" >"$data/appsettings.json"

model=$(jq -r .model "$options")
folder=$(jq -r .MobileVlm.Model.Path "$data/appsettings.json")
if [ ! -e "$folder/model.json" ]; then
    case $model in
        demo) "$program" model import /usr/lib/mobilevlm/demo/mobilevlm-demo-gate "$folder" ;;
        *) "$program" model pull "$model" "$folder" ;;
    esac
fi
exec "$program" run --config "$data/appsettings.json"
