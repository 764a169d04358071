#!/usr/bin/env bash
# Every fault that the service promises to survive, one after the other, against a real mosquitto and a real RTSP server:
#   bash Tests/Tools/Faults/run.sh [KILLS [WORD...]]
# KILLS is how often the service is killed (100); WORDs pick the faults whose names have one of them. Takes half an hour.
# The disk is filled only for root, the clock moved only with Debian's package faketime; the table says what was skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
export ORT_DISABLE_TELEMETRY=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build Tests/Tools/Faults -c Release -v quiet --nologo >&2
exec dotnet Tests/Tools/Faults/bin/Release/net10.0/MobileVlm.Edge.Tools.Faults.dll faults "${1:-100}" "${@:2}"
