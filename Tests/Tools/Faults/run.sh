#!/usr/bin/env bash
# Runs every fault that the service must survive, one after the other, with a real mosquitto and a real RTSP server:
#   bash Tests/Tools/Faults/run.sh [KILLS [WORD...]]
# KILLS is how often the service is killed (100); WORDs select the faults whose names contain one of them. Takes half an hour.
# Faults of the disk need root, that of the clock needs Debian's package faketime; the table shows what was skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
export ORT_DISABLE_TELEMETRY=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build Tests/Tools/Faults -c Release -v quiet --nologo >&2
exec dotnet Tests/Tools/Faults/bin/Release/net10.0/MobileVlm.Edge.Tools.Faults.dll faults "${1:-100}" "${@:2}"
