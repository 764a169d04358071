# shellcheck shell=bash
# Two builds in one cluster: that of a commit and this one, each as camera host with the other as inference host, with one model folder, as
# during an upgrade. Then the commit's build with a protocol version that this build does not speak. Sourced by run.sh after hosts.sh.
commit=$(git rev-parse --short=8 "$1"); this=$(git rev-parse --short=8 HEAD)
note "building $commit ($(git log -1 --format=%cs "$commit")); this build is $this"
git clone -q --shared . "$out/old" && git -C "$out/old" checkout -q "$commit" || { echo "$commit cannot be checked out."; exit 1; }
build() { (cd "$out/old" && dotnet build Deploy -c Release -v q --nologo >"$out/build.log" 2>&1) || { tail -5 "$out/build.log"; echo "$commit cannot be built."; exit 1; }; }
build
old=$out/old/Deploy/bin/Release/net10.0/mobilevlm.dll
# A model folder stays when programs are upgraded.
import_model "$old"
configure 1 1 00:00:00.3 '{"Broker":"embedded","Port":1883}'

# The cameras by one program, the model by another.
run_pair() {
    program[a]=$1 program[b]=$2
    start b; start a
    until_answers b
}
stop_pair() {
    note "counters: $(stats_of "j['cluster']['nodes']")"
    kill -TERM "${pid[a]}" "${pid[b]}" 2>/dev/null
    for _ in $(seq 100); do kill -0 "${pid[a]}" 2>/dev/null || kill -0 "${pid[b]}" 2>/dev/null || break; sleep 0.2; done
}

run_pair "$exe" "$old"; check $((! $?)) "cameras on $this, model on $commit: answers arrive"
[ "$(stats_of "j['cluster']['ignored']")" = 0 ]; check $((! $?)) "no message was ignored"
# The upgrade of the inference host, while cameras run.
kill -TERM "${pid[b]}"; program[b]=$exe; sleep 2; start b
until_answers b; check $((! $?)) "after the inference host was upgraded answers arrive again"
stop_pair
run_pair "$old" "$exe"; check $((! $?)) "cameras on $commit, model on $this: answers arrive"
[ "$(stats_of "j['cluster']['ignored']")" = 0 ]; check $((! $?)) "no message was ignored"
stop_pair

sed -i -E 's/(Current \{ get; \} = new)\([0-9]+, [0-9]+\)/\1(98, 99)/' "$out/old/Actors/Cluster/Dispatching/ProtocolVersion.cs"
note "building $commit with versions 98 to 99 of the protocol"
build
program[a]=$exe program[b]=$old; start b; start a
until_state b otherVersion; check $((! $?)) "a host that speaks other versions is otherVersion"
[ "$(answers 5)" = 0 ]; check $((! $?)) "and answers nothing"
grep -h "protocol" "$out/a.log" | tail -1 | cut -c1-220
