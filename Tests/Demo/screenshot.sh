#!/usr/bin/env bash
# Draws Deploy/docs/demo.png: runs the demo in a terminal of 120 x 30 (tmux), waits for three events, draws what the
# terminal shows. Needs tmux and the font DejaVu Sans Mono (fonts-dejavu-core); builds Deploy.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
output=${1:-$root/Deploy/docs/demo.png}
work=$(mktemp -d)
socket=screenshot-$$
trap 'tmux -L "$socket" kill-server 2>/dev/null || true; rm -rf "$work"' EXIT

dotnet build "$root/Deploy/MobileVlm.Edge.Deploy.csproj" -c Release -v quiet --nologo >&2
tmux -L "$socket" -f /dev/null new-session -d -x 120 -y 30 \
    "env LC_ALL=C.UTF-8 TERM=xterm-256color ORT_DISABLE_TELEMETRY=1 XDG_CACHE_HOME=$work dotnet $root/Deploy/bin/Release/net10.0/mobilevlm.dll demo"
for _ in $(seq 120); do
    sleep 0.5
    screen=$(tmux -L "$socket" capture-pane -e -p)
    if grep -q 'Events: [3-9]' <<<"$screen" && grep -q reused <<<"$screen"; then
        dotnet run "$here/screenshot.cs" "$output" <<<"$screen"
        exit 0
    fi
done
echo "The demo never showed three events and a reused answer." >&2
exit 1
