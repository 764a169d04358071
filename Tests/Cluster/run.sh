#!/usr/bin/env bash
# Hosts of a cluster as processes of the built program: a camera host and two or three inference hosts, with encryption and the demo model.
# Prints a transcript, and ends with 'N passed, N failed'. Needs mosquitto, mosquitto-clients, openssl, python3, for network namespaces root
# and iproute2, and a build (dotnet build Deploy -c Release).
usage() {
    cat <<'USAGE'
Usage: Tests/Cluster/run.sh [MODE]
  faults [SECONDS]   (default) kills hosts, cuts cables for so many seconds (40), restarts hosts while others are gone; about 6 minutes
  soak [N [MINUTES]] N (100) kills and N cuts, one after the other, while memory and events are watched; about 25 s each; ends after MINUTES
  split              two inference hosts do not reach each other while the camera host reaches both; about 3 minutes; needs root
  mixed COMMIT       builds COMMIT beside this build: each as camera host with the other as inference host, and a build with another protocol
  fuzz [MILLIONS]    feeds so many million (2) damaged messages to the reader of messages of other hosts; about a minute for each million
Without root, or with LOOPBACK=1, all hosts use loopback addresses, and a host is cut off by stopping its process; what needs more is skipped.
KEEP=1 keeps the logs. Host a has the cameras; b, c and d have the model; b is the first seed.
PROGRAM=/path/to/mobilevlm.dll tests another build.
USAGE
}

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
mode=${1:-faults}
[[ $mode =~ ^[0-9]+$ ]] && set -- faults "$mode" && mode=faults
case $mode in
    faults | soak | split | mixed)
        shift $(($# > 0))
        if [ "$mode" = mixed ] && ! git rev-parse -q --verify "${1:-none}^{commit}" >/dev/null; then
            echo "mixed needs a commit of this repository, for example: Tests/Cluster/run.sh mixed 2f8897d4"; exit 2
        fi
        hosts=(a b c); [ "$mode" = faults ] && hosts+=(d)
        # shellcheck source=Tests/Cluster/hosts.sh
        . Tests/Cluster/hosts.sh
        # shellcheck source=/dev/null
        . "Tests/Cluster/$mode.sh" "$@"
        finish
        ;;
    fuzz) MOBILEVLM_FUZZ=$((${2:-2} * 48)) exec dotnet test Tests/Actors.Tests -c Release --filter ClusterSerializerTests ;;
    -h | --help | help) usage ;;
    *) usage >&2; exit 2 ;;
esac
