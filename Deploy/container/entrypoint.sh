#!/bin/sh
# Runs the program, which pulls its model on the first start and says how far that is at /readyz. Environment:
#   MOBILEVLM_PULL    OWNER/NAME at Hugging Face; into /var/lib/mobilevlm/models/NAME (lower case) unless it is there already
#   MOBILEVLM_CONFIG  the configuration, /etc/mobilevlm/appsettings.json by default: a mounted file, otherwise the demo's
set -eu
program=/usr/lib/mobilevlm/mobilevlm
models=/var/lib/mobilevlm/models
config=${MOBILEVLM_CONFIG:-/etc/mobilevlm/appsettings.json}
[ "${1:-run}" = run ] || exec "$program" "$@"
if ! mkdir -p "$models" || ! [ -w "$models" ]; then
    echo "entrypoint: $models is not writable for user $(id -u): mount a volume there that this user owns" >&2
    exit 2
fi
if [ -n "${MOBILEVLM_PULL:-}" ]; then
    folder=$models/$(basename "$MOBILEVLM_PULL" | tr '[:upper:]' '[:lower:]')
    export MobileVlm__Model__Pull="$MOBILEVLM_PULL" MobileVlm__Model__Path="${MobileVlm__Model__Path:-$folder}"
elif cmp -s "$config" /usr/lib/mobilevlm/demo/service.json && ! [ -e "$models/demo/model.json" ]; then
    "$program" model import /usr/lib/mobilevlm/demo/mobilevlm-demo-gate "$models/demo"
fi
exec "$program" run --config "$config"
