#!/usr/bin/env bash
# Measures this machine and writes a report that can be sent back: the hardware, what the service finds on it, and how long each
# stage takes. Nothing is sent anywhere, and the report holds no image, password or address. Takes about ten minutes with a
# real model.
#
#   report.sh --model DIR [--image FILE] [--output FILE] [--target cuda] [--runtime-library FILE] [--provider-library FILE]
set -uo pipefail
model=
image=
target=()
output=mobilevlm-report-$(date +%Y%m%d-%H%M%S).txt
while [ $# -gt 0 ]; do
    case $1 in
        --model) model=$2; shift 2 ;;
        --image) image=$2; shift 2 ;;
        --output) output=$2; shift 2 ;;
        --target | --runtime-library | --provider-library) target+=("$1" "$2"); shift 2 ;;
        *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
command -v mobilevlm >/dev/null || { echo "mobilevlm is not in PATH; install the package first" >&2; exit 2; }
[ -n "$model" ] || { echo "name a model folder: --model /var/lib/mobilevlm/models/..." >&2; exit 2; }
export ORT_DISABLE_TELEMETRY=1
if [ -z "$image" ]; then
    image=$(mktemp --suffix .png)
    trap 'rm -f "$image"' EXIT
    clip=$(dirname "$(readlink -f "$(command -v mobilevlm)")")/demo/gate.mp4
    ffmpeg -nostdin -v error -i "$clip" -frames:v 1 -y "$image" || { echo "no ffmpeg: name an image with --image" >&2; exit 2; }
fi

part() { printf '\n== %s\n' "$1"; }
show() { # label, command...
    local label=$1 text
    shift
    text=$("$@" 2>/dev/null | head -40) && [ -n "$text" ] && printf '%s: %s\n' "$label" "$text"
}
temperatures() {
    local zone
    for zone in /sys/class/thermal/thermal_zone*; do
        [ -r "$zone/temp" ] && printf '%s %s m°C\n' "$(cat "$zone/type")" "$(cat "$zone/temp")"
    done
    return 0
}
clocks() {
    local core
    for core in /sys/devices/system/cpu/cpu[0-9]*; do
        [ -r "$core/cpufreq/scaling_cur_freq" ] && printf '%s %s of %s kHz, %s\n' "${core##*/}" \
            "$(cat "$core/cpufreq/scaling_cur_freq")" "$(cat "$core/cpufreq/cpuinfo_max_freq")" "$(cat "$core/cpufreq/scaling_governor")"
    done
    return 0
}
clocks_and_temperatures() {
    local both
    both=$(clocks; temperatures)
    echo "${both:-no clock or temperature can be read here}"
}
ask() { # with the service's own choice of threads
    mobilevlm ask --model "$model" --image "$image" "${target[@]}" --max-tokens "$1" --json "${@:2}" | tr -d ' \n'
}
{
    part "the machine"
    show model tr -d '\0' </proc/device-tree/model
    show kernel uname -srm
    show system sh -c '. /etc/os-release; echo "$PRETTY_NAME"'
    show processor sh -c "lscpu | grep -E 'Model name|^CPU\(s\)|MHz|Flags|Vendor' | cut -c1-400"
    show memory free -m
    show jetpack cat /etc/nv_tegra_release
    show "power mode" nvpmodel -q
    show clocks-held jetson_clocks --show
    show gpu nvidia-smi -L
    clocks_and_temperatures

    part "the service"
    show version mobilevlm --version
    # Only the checks of the machine are repeated here: those of a configuration contain addresses of cameras and brokers.
    mobilevlm doctor | grep -E '^(ok|note|bad) +(system|processor|memory|OpenCV|ffmpeg|GStreamer) '
    mobilevlm model show "$model"
    mobilevlm model verify "$model" "${target[@]}" 2>&1

    part "stages, milliseconds: encode, prefill, decode, as 'ask --json' reports them"
    for run in 1 2 3 4 5; do
        ask 1 "Is there a person?" | sed -n 's/.*"timings":{\([^}]*\)}.*/one token, run '$run': \1\n/p'
    done
    ask 64 "Describe the picture in detail." | sed -n 's/.*"tokenIds":\[\([^]]*\)\].*"timings":{\([^}]*\)}.*/text: ids \1; \2\n/p'

    part "memory of one answer"
    if [ -x /usr/bin/time ]; then
        /usr/bin/time -v mobilevlm ask --model "$model" --image "$image" "${target[@]}" --max-tokens 8 "Is there a person?" 2>&1 |
            grep -E 'Maximum resident|Elapsed|User time'
    else
        echo "not measured: apt-get install time"
    fi
    show "memory of the GPU" nvidia-smi --query-gpu=memory.used,memory.total --format=csv

    part "benchmark"
    mobilevlm bench --model "$model" "${target[@]}" 2>/dev/null || echo "it failed"
    if [ "$(uname -m)" = aarch64 ] && [ ${#target[@]} = 0 ]; then
        part "the same without KleidiAI"
        mobilevlm bench --model "$model" --no-kleidiai --only encode,prefill,decode 2>/dev/null
    fi

    part "afterwards (did the temperature reduce the clock rate?)"
    clocks_and_temperatures
} | tee "$output"
echo
echo "Written to $output. Read it, then send it with the name of the board and its power mode."
