#!/usr/bin/env bash
# Runs the service with four cameras for a given time, with a real mosquitto:
#   bash Tests/Tools/Faults/soak.sh [MINUTES [FOLDER]]
# FOLDER gets soak.csv (a sample each five seconds), soak.png (a plot of it) and soak.log (the service's log).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
export ORT_DISABLE_TELEMETRY=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build Tests/Tools/Faults -c Release -v quiet --nologo >&2
exec dotnet Tests/Tools/Faults/bin/Release/net10.0/MobileVlm.Edge.Tools.Faults.dll soak "${1:-60}" "${2:-artifacts/soak}"
