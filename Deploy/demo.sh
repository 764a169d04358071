#!/usr/bin/env bash
# The demo on a fresh machine: makes sure that something can decode video, builds, runs. Options go to 'mobilevlm demo'.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if ! command -v dotnet >/dev/null; then
    echo "The .NET 10 SDK is not installed: https://dotnet.microsoft.com/download" >&2
    exit 2
fi
if ! command -v ffmpeg >/dev/null; then
    echo "Installing ffmpeg (it decodes the clip, and network cameras later) ..." >&2
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends ffmpeg >/dev/null
fi

echo "Building ..." >&2
dotnet build "$here/MobileVlm.Edge.Deploy.csproj" -c Release -v quiet --nologo
exec env ORT_DISABLE_TELEMETRY=1 dotnet "$here/bin/Release/net10.0/mobilevlm.dll" demo "$@"
