#!/usr/bin/env bash
# Everything that needs a GPU to be shown, on a machine that has one: an x64 machine with an NVIDIA card, or a Jetson. Golden
# models and the demo's clip on CUDA against the reference, which execution provider each session really got, the errors
# when the library is missing or of another version, and how fast and how large a model of real size is. Writes a report
# that can be sent back; nothing is sent anywhere.
#
#   Tests/Gpu/run.sh                                    x64: fetches ONNX Runtime with CUDA 13 from NuGet
#   RUNTIME_LIBRARY=/opt/onnxruntime/libonnxruntime.so Tests/Gpu/run.sh         a Jetson: the one built on it
#   PROVIDER_LIBRARY=/path/libonnxruntime_providers_cuda.so Tests/Gpu/run.sh    as a plug-in of the one that comes along
#   TARGET=cpu Tests/Gpu/run.sh                         the same on the processor: shows that the script works
#
# TARGET: cuda, cuda:N, cpu. SIZE: the model that is measured, mobilevlm-v2-1.7b for a GPU; 'demo' (for cpu) or 'none'.
# MOBILEVLM: the command, else the one built here, else the one that is installed. REPORT: the file. WORK: kept if given.
# Needs jq, mosquitto and mosquitto-clients, ffmpeg; to build, the .NET SDK.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export ORT_DISABLE_TELEMETRY=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
target=${TARGET:-cuda}
size=${SIZE:-$([ "$target" = cpu ] && echo demo || echo mobilevlm-v2-1.7b)}
report=${REPORT:-gpu-report-$(date +%Y%m%d-%H%M%S).txt}
needed=1.31.0
case $target in cpu | cuda | cuda:[0-9]*) ;; *) echo "TARGET is cpu, cuda or cuda:N, not '$target'" >&2; exit 2 ;; esac
for tool in jq mosquitto mosquitto_sub ffmpeg; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install jq mosquitto mosquitto-clients ffmpeg" >&2; exit 2; }
done
if [ "$target" != cpu ] && ! nvidia-smi -L >/dev/null 2>&1 && ! compgen -G '/dev/nvidia[0-9]*' >/dev/null && ! [ -e /dev/nvmap ]; then
    echo "No NVIDIA GPU here: nvidia-smi finds none, and there is neither /dev/nvidia0 nor /dev/nvmap (Jetson)." >&2
    echo "Nothing was checked. 'TARGET=cpu $0' runs the same checks on the processor." >&2
    exit 2
fi

work=${WORK:-$(mktemp -d)}
mkdir -p "$work"
broker=
tidy() {
    [ -z "$broker" ] || kill "$broker" 2>/dev/null
    [ -n "${WORK:-}" ] || rm -rf "$work"
}
trap tidy EXIT
mobilevlm=${MOBILEVLM:-$root/Deploy/bin/Release/net10.0/mobilevlm}
if [ ! -x "$mobilevlm" ]; then
    if command -v dotnet >/dev/null; then
        dotnet build "$root/Deploy" -c Release -v quiet --nologo >&2 || exit 1
    else
        mobilevlm=$(command -v mobilevlm) || { echo "there is neither a built nor an installed mobilevlm, nor dotnet to build it with" >&2; exit 2; }
    fi
fi

failed=0
ok() { printf 'ok    %s\n' "$1"; }
bad() { printf 'BAD   %s\n' "$1"; failed=$((failed + 1)); [ -z "${2:-}" ] || tail -5 "$2" | sed 's/^/      /'; }
note() { printf '      %s\n' "$1"; }
check() { # what, command...
    local what=$1
    shift
    if "$@" >"$work/step" 2>&1; then ok "$what"; else bad "$what" "$work/step"; fi
}

# The provider: what was named, else from NuGet.
runtime=${RUNTIME_LIBRARY:-}
provider=${PROVIDER_LIBRARY:-}
fetch() { # package, version: its folder
    mkdir -p "$work/fetch-$1"
    cat >"$work/fetch-$1/fetch.csproj" <<X
<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
<ItemGroup><PackageDownload Include="$1" Version="[$2]" /></ItemGroup></Project>
X
    dotnet restore "$work/fetch-$1" >"$work/fetch.log" 2>&1 || return 1
    echo "$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: *//')$(echo "$1" | tr '[:upper:]' '[:lower:]')/$2"
}
if [ "$target" != cpu ] && [ -z "$runtime$provider" ]; then
    if [ "$(uname -m)" != x86_64 ]; then
        echo "On $(uname -m) the ONNX Runtime with CUDA is built on the board (Deploy/docs/jetson.md); name it with RUNTIME_LIBRARY." >&2
        exit 2
    fi
    runtime=$(fetch Microsoft.ML.OnnxRuntime.Gpu.Linux $needed)/runtimes/linux-x64/native/libonnxruntime.so
    [ -e "$runtime" ] || { cat "$work/fetch.log" >&2; exit 1; }
    missing=$(ldd "$(dirname "$runtime")/libonnxruntime_providers_cuda.so" | sed -n 's/ => not found//p' | tr -d '\t' | paste -sd' ')
    [ -z "$missing" ] || { echo "CUDA 13 is not where the loader looks; missing: $missing. Install it (and cuDNN 9), or set LD_LIBRARY_PATH." >&2; exit 2; }
fi
where=(--target "$target")
[ -z "$runtime" ] || where+=(--runtime-library "$runtime")
[ -z "$provider" ] || where+=(--provider-library "$provider")
kernels=$([ "$target" = cpu ] && echo CPUExecutionProvider || echo 'C[uU][dD][aA][A-Za-z]*ExecutionProvider')

import() { # checkpoint, folder, more...
    "$mobilevlm" model import "$1" "$2" --for cuda --no-loss-report --force "${@:3}" >"$work/import.log" 2>&1 || { bad "import of $1" "$work/import.log"; return 1; }
}
gpu_memory() { nvidia-smi --query-compute-apps=pid,used_memory --format=csv,noheader 2>/dev/null || grep -h . /sys/kernel/debug/nvmap/iovmm/clients 2>/dev/null | tail -3; }

golden() {
    local name index count ids got image question
    for name in mobilevlm-v1 mobilevlm-v2 mobilevlm-v1-separate-tower; do
        import "$root/Tests/Golden/$name" "$work/$name" --precision fp16 || continue
        check "$name passes its whole self-test" "$mobilevlm" model verify "$work/$name" "${where[@]}"
        grep -E 'runs on' "$work/step" | sed 's/^/      /'
        check "$name: both sessions run on $target" test "$(grep -cE "runs on $kernels" "$work/step")" = 2
        count=$(jq length "$root/Tests/Golden/$name/expected.json")
        for ((index = 0; index < count; index++)); do
            image=$root/Tests/Golden/$name/$(jq -r ".[$index].image" "$root/Tests/Golden/$name/expected.json")
            question=$(jq -r ".[$index].question" "$root/Tests/Golden/$name/expected.json")
            ids=$(jq -c ".[$index].greedy_ids" "$root/Tests/Golden/$name/expected.json")
            got=$("$mobilevlm" ask --model "$work/$name" --image "$image" --max-tokens 24 --json "${where[@]}" "$question" 2>"$work/step" | jq -c '.answers[0].tokenIds')
            if [ "$ids" = "$got" ]; then ok "$name case $index: ids equal the reference's"; else bad "$name case $index: $got instead of $ids" "$work/step"; fi
        done
    done
    # Random models of text: several tokens are often equally likely, so where they differ is reported and does not fail.
    for name in mobilellama llama-gqa; do
        import "$root/Tests/Golden/$name" "$work/$name" --precision fp16 || continue
        count=$(jq length "$root/Tests/Golden/$name/expected.json")
        for ((index = 0; index < count; index++)); do
            got=$("$mobilevlm" generate --model "$work/$name" --max-tokens "$(jq ".[$index].greedy_ids | length" "$root/Tests/Golden/$name/expected.json")" --json "${where[@]}" \
                "$(jq -r ".[$index].prompt" "$root/Tests/Golden/$name/expected.json")" 2>"$work/step" | jq -c .tokenIds)
            [ -n "$got" ] || { bad "$name case $index" "$work/step"; continue; }
            note "$name case $index: $(jq -rn --argjson a "$got" --argjson b "$(jq -c ".[$index].greedy_ids" "$root/Tests/Golden/$name/expected.json")" \
                '[range($b | length) | select($a[.] != $b[.])][0] // "all equal" | if type == "number" then "equal up to token \(.)" else . end')"
        done
    done
}

# Yes/no scores beside the processor's in float32, as far as float16 may move them.
scores() {
    local checkpoint=$root/Deploy/demo/mobilevlm-demo-gate scene most
    "$mobilevlm" model import "$checkpoint" "$work/demo-fp32" --precision fp32 --no-loss-report --force >"$work/import.log" 2>&1 || { bad "import of the demo" "$work/import.log"; return; }
    import "$checkpoint" "$work/demo" --precision fp16 || return
    : >"$work/scores"
    for scene in 000 007 013 021 034 055 089 110; do
        for kind in demo-fp32 demo; do
            local on=("${where[@]}")
            [ $kind = demo ] || on=()
            "$mobilevlm" ask --model "$work/$kind" --image "$root/Tests/Demo/heldout/scene$scene.jpg" --yes-no --json "${on[@]}" \
                "Is there a person?" "Is the gate open?" "Is it night?" "Is there a dog?" 2>"$work/step" | jq -c '[.answers[].score]' >>"$work/scores"
        done
    done
    most=$(jq -s 'if length == 16 then [range(0; 16; 2) as $i | .[$i] as $a | .[$i + 1] as $b | range(4) | ($a[.] - $b[.]) | fabs] | max else 9 end' "$work/scores")
    if jq -en "$most <= 0.02" >/dev/null; then ok "32 yes/no scores differ from float32 on the processor by at most $most (0.02 allowed)"; else bad "yes/no scores differ by $most" "$work/step"; fi
}

# The clip at real pace through the service and a broker, against its truth.
clip() {
    local port=$((20000 + RANDOM % 20000)) service share
    printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$port" >"$work/mosquitto.conf"
    mosquitto -c "$work/mosquitto.conf" >"$work/mosquitto.log" 2>&1 &
    broker=$!
    jq -n --arg model "$work/demo" --arg target "$target" --arg runtime "$runtime" --arg provider "$provider" --arg clip "$root/Deploy/demo/gate.mp4" --argjson port "$port" '
        def yesno(q): { Ask: q, Answer: "YesNo", Every: "00:00:00.5" };
        { MobileVlm: { Node: "gpu", Mqtt: { Broker: "mqtt://127.0.0.1:\($port)" }, Pipeline: { StatsEvery: "00:00:02" },
          Model: ({ Path: $model, Target: $target } + (if $runtime == "" then {} else { RuntimeLibrary: $runtime } end) + (if $provider == "" then {} else { ProviderLibrary: $provider } end)),
          Cameras: { gate: { Source: $clip, Pace: "Real", Loop: false, Questions: { person: yesno("Is there a person?"), gate_open: yesno("Is the gate open?"),
            night: yesno("Is it night?"), dog: yesno("Is there a dog?"), package: yesno("Is there a package?"), smoke: yesno("Is there smoke?") } } } } }' >"$work/clip.json"
    sleep 1
    mosquitto_sub -h 127.0.0.1 -p "$port" -t 'mobilevlm/gpu/gate/+/answer' >"$work/answers" 2>/dev/null &
    local listening=$!
    mosquitto_sub -h 127.0.0.1 -p "$port" -t 'mobilevlm/gpu/stats' >"$work/stats" 2>/dev/null &
    local counting=$!
    "$mobilevlm" run --config "$work/clip.json" >"$work/service.log" 2>&1 &
    service=$!
    timeout 300 tail --pid="$service" -f /dev/null || kill "$service"
    wait "$service" || bad "the service ended with $?" "$work/service.log"
    sleep 1
    kill "$listening" "$counting" "$broker" 2>/dev/null
    broker=
    # The state that a subscriber holds at each settled second: the last answer about a picture up to it.
    for question in person gate_open night dog package smoke; do
        share=$(jq -rs --arg q "$question" --slurpfile truth "$root/Deploy/demo/gate.truth.json" '
            [.[] | select(.question == $q and .frame != null)] as $answers
            | [$truth[0][] | select(.settled | index($q)) | . as $second
               | ([$answers[] | select((.frame - 1) / 10 <= $second.t + 0.05)] | last) as $held
               | { agrees: ($held != null and $held.value == (if $second[$q] then "yes" else "no" end)) }]
            | "\([.[] | select(.agrees)] | length)/\(length)"' "$work/answers")
        # A picture that is still being answered counts for the second before: two of them are let pass.
        if [ "${share#*/}" -ge 50 ] 2>/dev/null && [ $((${share#*/} - ${share%/*})) -le 2 ]; then ok "clip: $question agrees in $share settled seconds"; else bad "clip: $question agrees in $share settled seconds" "$work/service.log"; fi
    done
    note "stats: $(tail -1 "$work/stats" | jq -c '{target, sessions, answers: .pipeline.answers, maxAgeMs: .pipeline.maxAgeMs, residentBytes}')"
    check "the service reports that its sessions run on $target" jq -es --arg k "$kernels" 'last.sessions | length == 2 and all(.[]; .provider | test("^" + $k + "$"))' "$work/stats"
    grep -E 'runs on|uses the CPU' "$work/service.log" | sed 's/^/      /'
}

# The errors when the library is missing or another one.
faults() {
    local fake=$work/libold.so
    refuses() { # what, text, options...
        "$mobilevlm" ask --model "$work/demo" --image "$root/Tests/Demo/heldout/scene000.jpg" "${@:3}" "Is there a person?" >"$work/step" 2>&1
        local code=$?
        if [ $code = 2 ] && grep -qF "$2" "$work/step"; then ok "$1 ends with 2: $(grep -F "$2" "$work/step" | head -1 | cut -c1-150)"; else bad "$1 ended with $code" "$work/step"; fi
    }
    refuses "a provider library that is missing" "there is no such file" --target cuda --provider-library /nowhere/libcuda.so
    refuses "an ONNX Runtime that is missing" "there is no such file" --target cuda --runtime-library /nowhere/libonnxruntime.so
    refuses "a library that is none" "not an execution provider" --target cuda --provider-library "$(ldd "$(command -v jq)" | sed -n 's|.*=> \(/.*/libc\.so\.6\) .*|\1|p')"
    if command -v gcc >/dev/null && gcc -shared -fPIC "$root/Tests/Inference.Tests/Sessions/Native/runtime.c" -o "$fake" 2>/dev/null; then
        refuses "an ONNX Runtime of another version" "it is ONNX Runtime 1.29.0" --target cuda --runtime-library "$fake"
    else
        note "no gcc: an ONNX Runtime of another version was not tried"
    fi
    if [ "$target" != cpu ]; then
        refuses "a GPU that is not there" "cuda:63" --target cuda:63 "${where[@]:2}"
    fi
}

# A model of real size: random numbers, so that only times and sizes mean anything.
speed() {
    local checkpoint=$work/checkpoint precision
    case $size in
        none) note "nothing measured (SIZE=none)"; return ;;
        demo) checkpoint=$root/Deploy/demo/mobilevlm-demo-gate ;;
        *) "$mobilevlm" model synth "$size" "$checkpoint" >"$work/step" 2>&1 || { bad "synth of $size" "$work/step"; return; } ;;
    esac
    for precision in int4 fp16; do
        rm -rf "$work/sized"
        import "$checkpoint" "$work/sized" --precision $precision || continue
        "$mobilevlm" bench --model "$work/sized" "${where[@]}" --repeats 5 --json >"$work/bench.json" 2>"$work/step" &
        local running=$! most=0 now
        while kill -0 $running 2>/dev/null; do
            now=$(gpu_memory | sed -n "s/^$running, \([0-9]*\) MiB.*/\1/p" | head -1)
            [ "${now:-0}" -le $most ] || most=$now
            sleep 0.2
        done
        if wait $running; then ok "bench of $size at $precision"; else bad "bench of $size at $precision" "$work/step"; continue; fi
        grep -E 'runs on' "$work/step" | sort -u | sed 's/^/      /'
        jq -r '.results[] | "      \(.title): \(.ms.median | . * 100 | round / 100) ms\(if .perSecond then ", \(.perSecond * 100 | round / 100) \(.counted // "") per second" else "" end)"' "$work/bench.json"
        jq -r '"      memory of the process: \(.memory)"' "$work/bench.json"
        [ $most = 0 ] || note "memory of the GPU at most: $most MiB"
    done
}

part() { printf '\n== %s\n' "$1"; }
exec 3> >(tee "$report")
writing=$!
{
    part "the machine"
    uname -srm
    grep -h PRETTY_NAME /etc/os-release
    [ ! -r /proc/device-tree/model ] || tr -d '\0' </proc/device-tree/model
    [ ! -r /etc/nv_tegra_release ] || cat /etc/nv_tegra_release
    nvpmodel -q 2>/dev/null
    nvidia-smi --query-gpu=name,driver_version,memory.total,compute_cap --format=csv 2>/dev/null
    "$mobilevlm" --version
    echo "target $target, runtime library ${runtime:-the one that comes along}, provider library ${provider:-none}"
    part "golden models in float16"
    golden
    part "scores of the demo's model"
    scores
    part "the demo's clip"
    clip
    part "errors when it cannot run"
    faults
    part "speed and memory, $size"
    speed
    part "result"
    if [ $failed = 0 ]; then echo "all passed on $target"; else echo "$failed FAILED on $target"; fi
} >&3 2>&1
exec 3>&-
wait "$writing"
echo
echo "Written to $report. It holds no picture and no address; read it, then send it."
[ $failed = 0 ]
