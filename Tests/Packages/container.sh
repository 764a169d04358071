#!/usr/bin/env bash
# The image of a package: built, started as compose.yaml starts it (user 10001, read-only, no capability, one volume), until it is
# ready and its first answer is there; stopped, and started again with its state. Then compose.yaml itself, with a broker beside it.
# Needs root, buildah, podman, runc, curl, ffmpeg and what Tests/Packages/run.sh says about its camera; for the base debootstrap,
# because no registry is asked; podman-compose for its part.
#
#   Tests/Packages/container.sh --package FILE.deb [--base IMAGE] [--image IMAGE] [--only image|compose]
#
# --base: a Debian 12 that podman has (default: made with debootstrap). --image: take this image, build none.
# BUILDAH_BUILD_OPTIONS go to buildah, for example '--build-arg FFMPEG=debian'.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=Tests/Packages/images.sh
. "$here/images.sh"
usage() { sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
package= base= image= parts="image compose"
while [ $# -gt 0 ]; do
    [ $# -gt 1 ] || usage
    case $1 in
        --package) package=$2 ;;
        --base) base=$2 ;;
        --image) image=$2 ;;
        --only) parts=$2 ;;
        *) usage ;;
    esac
    shift 2
done
[ -n "$image" ] || [ -f "$package" ] || usage
prepare buildah podman runc curl ffmpeg

name=mobilevlm-test-$$ port=$((20000 + $$ % 10000))
camera=
tidy() {
    [ -z "$camera" ] || kill "$camera" 2>/dev/null || true
    podman rm -f -t 1 "$name" >/dev/null 2>&1 || true
    podman volume rm -f "$name" >/dev/null 2>&1 || true
    [ -z "${compose:-}" ] || (cd "$compose" && podman-compose -p "$name" down -v >/dev/null 2>&1) || true
    rm -rf "$work"
}
trap tidy EXIT

if [ -z "$image" ]; then
    base=${base:-$(debian_base)}
    image=localhost/mobilevlm
    echo "== the image, on $base"
    mkdir "$work/context"
    cp "$package" "$work/context/mobilevlm_$(dpkg-deb --field "$package" Version)_$(dpkg-deb --field "$package" Architecture).deb"
    # shellcheck disable=SC2086 # several options
    step "it builds" buildah build --isolation chroot ${BUILDAH_BUILD_OPTIONS:-} --format docker -f "$root/Deploy/container/Dockerfile" \
        --build-arg "BASE=$base" --build-context "files=$root/Deploy/container" -t "$image" "$work/context"
fi

token() { podman exec "$1" cut -d' ' -f2 /var/lib/mobilevlm/http-tokens; }
api() { curl -fsS -m 5 -H "Authorization: Bearer $(token "$1")" "http://127.0.0.1:$2/api/v1/$3"; }
answered() { api "$1" "$2" cameras/gate/history?minutes=5 | grep -q '"value":"\(yes\|no\)"\|"score"'; }
memory() { # container: of the service, without ffmpeg
    awk '/^VmRSS/ { rss = $2 } /^RssAnon/ { heap = $2 } END { printf "%d MiB resident, of which heap %d\n", rss / 1024, heap / 1024 }' \
        "/proc/$(podman inspect --format '{{.State.Pid}}' "$1")/status"
}
# Videos as cameras, recorders and phones make them, in the volume of a container.
videos() {
    local folder=$work/videos
    mkdir -p "$folder"
    make_video() { ffmpeg -v error -nostdin -f lavfi -i testsrc=size=160x120:rate=10 -t 1 -pix_fmt yuv420p "${@:2}" "$folder/$1"; }
    make_video h264.mp4 -c:v libx264
    make_video h265.mkv -c:v libx265 -x265-params log-level=error
    make_video vp8.webm -c:v libvpx
    make_video vp9.webm -c:v libvpx-vp9
    make_video av1.mkv -c:v libsvtav1
    make_video mpeg4.avi -c:v mpeg4
    make_video mjpeg.avi -c:v mjpeg -pix_fmt yuvj420p
    make_video mpeg2.ts -c:v mpeg2video
    make_video flv1.flv -c:v flv
    make_video wmv2.asf -c:v wmv2
    make_video prores.mov -c:v prores -pix_fmt yuv422p10le
    make_video ffv1.mkv -c:v ffv1
    make_video animation.gif -c:v gif -pix_fmt rgb8
    ffmpeg -v error -nostdin -i "$folder/h264.mp4" -c copy -metadata:s:v rotate=90 "$folder/rotated.mp4"
    ffmpeg -v error -nostdin -f lavfi -i testsrc=size=160x120:rate=10 -f lavfi -i sine -t 1 -pix_fmt yuv420p -c:v libx264 -c:a aac "$folder/sound.mp4"
    podman cp "$folder" "$1:/var/lib/mobilevlm/videos"
}
decoded() { # container: each of the videos gives frames with the arguments of the service
    local file bytes
    for file in "$work"/videos/*; do
        bytes=$(podman exec "$1" ffmpeg -nostdin -hide_banner -nostats -v error -protocol_whitelist file -i "file:/var/lib/mobilevlm/videos/$(basename "$file")" \
            -map 0:V:0 -an -sn -dn -fps_mode passthrough -vf "fps=fps=5:round=up:start_time=0,scale='min(80,iw)':-1:flags=area,format=yuv420p|yuvj420p|yuv422p|yuvj422p|yuv444p|yuvj444p|nv12|gray" \
            -f image2pipe -c:v ppm -pix_fmt rgb24 pipe:1 | wc -c)
        # Of 80x60, or of 45x60 where the picture is turned.
        [ $((bytes / (45 * 60 * 3))) -ge 5 ] || { echo "$(basename "$file"): $bytes bytes"; return 1; }
    done
}
if [[ " $parts " = *" image "* ]]; then
    echo "== the service in it"
    size=$(podman image inspect --format '{{.Size}}' "$image")
    echo "        unpacked $((size / 1000000)) MB"
    step "which is below 350 MB" test "$size" -lt 350000000
    podman volume create "$name" >/dev/null
    start() {
        podman run -d --name "$name" --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
            -v "$name:/var/lib/mobilevlm" -p "127.0.0.1:$port:8080" "$image"
    }
    begun=$(now)
    step "it starts as compose.yaml starts it" start
    step "/readyz is 200" within 300 curl -fsS -m 2 "http://127.0.0.1:$port/readyz"
    ready=$(since "$begun")
    step "the first answer is there" within 60 answered "$name" "$port"
    echo "        ready after $ready s, first answer after $(since "$begun") s, with the import of the model"
    step "as user 10001" test "$(podman exec "$name" id -u)" = 10001
    step "nothing but the volume and /tmp can be written" podman exec "$name" sh -c 'for it in / /etc /usr/lib/mobilevlm /var /var/lib /run; do ! touch $it/x 2>/dev/null || exit 1; done; touch /var/lib/mobilevlm/x /tmp/x && rm /var/lib/mobilevlm/x'
    step "the health check is content" podman exec "$name" /usr/lib/mobilevlm/ready.sh
    step "doctor has no problems" podman exec "$name" /usr/lib/mobilevlm/mobilevlm doctor --config /etc/mobilevlm/appsettings.json
    grep -i '^verdict' "$step_output" | sed 's/^/        /'
    step "without a token the API refuses" bash -c "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:$port/api/v1/cameras | grep 401"
    step "a question is asked over the API" curl -fsS -H "Authorization: Bearer $(token "$name")" -d '{"questions":[{"ask":"Is there a person?","answer":"YesNo"}]}' "http://127.0.0.1:$port/api/v1/cameras/gate/ask"
    cut -c1-150 "$step_output" | sed 's/^/        /'
    echo "        $(memory "$name")"
    step "videos in many formats are copied into it" videos "$name"
    step "its ffmpeg decodes them: $(find "$work/videos" -type f -printf '%f\n' | sort | paste -sd' ')" decoded "$name"
    step "and copies a part of a stream into an MP4 file, as clips are written" podman exec "$name" sh -c 'cd /var/lib/mobilevlm/videos && ffmpeg -v error -i h264.mp4 -c copy -f mpegts - | ffmpeg -hide_banner -v error -f mpegts -i pipe:0 -map 0:v:0 -c copy -avoid_negative_ts make_zero -movflags +faststart -f mp4 -y file:clip.mp4 && test -s clip.mp4'
    RTSP_ADDRESS=0.0.0.0 RTSP_LOGIN=user:secret /usr/bin/python3 "$root/Tests/Shared/rtsp-test-server.py" $((port + 2)) "$root/Deploy/demo/gate.mp4" </dev/zero >"$work/camera.log" 2>&1 &
    camera=$!
    gateway=$(podman inspect --format '{{.NetworkSettings.Gateway}}' "$name")
    step "it reads a real RTSP camera with a login" within 30 podman exec "$name" /usr/lib/mobilevlm/mobilevlm init --yes --force --output /tmp/tried.json \
        --broker embedded --model /var/lib/mobilevlm/models/demo --camera "yard=rtsp://user:secret@$gateway:$((port + 2))/stream"
    { grep yard "$step_output" || true; } | head -2 | sed 's/^ */        /'
    token=$(token "$name")
    podman exec "$name" cat /var/lib/mobilevlm/questions.json >"$work/before"
    begun=$(now)
    step "SIGTERM ends it in time" podman stop -t 30 "$name"
    echo "        after $(since "$begun") s, with exit code $(podman inspect --format '{{.State.ExitCode}}' "$name")"
    step "with exit code 0" test "$(podman inspect --format '{{.State.ExitCode}}' "$name")" = 0
    podman rm "$name" >/dev/null 2>&1
    begun=$(now)
    step "a new container with the same volume starts" start
    step "/readyz is 200" within 300 curl -fsS -m 2 "http://127.0.0.1:$port/readyz"
    ready=$(since "$begun")
    step "the first answer is there" within 60 answered "$name" "$port"
    echo "        ready after $ready s, first answer after $(since "$begun") s"
    step "with the same token" test "$token" = "$(token "$name")"
    step "and without another import" bash -c "! podman logs '$name' 2>&1 | grep Importing"
    podman rm -f -t 30 "$name" >/dev/null 2>&1
    begun=$(now)
    step "a folder that is not writable is reported with the remedy" bash -c "podman run --rm --read-only --tmpfs /tmp -v '$work:/var/lib/mobilevlm:ro' '$image' 2>&1 | grep 'is not writable for user 10001'"
fi
if [[ " $parts " = *" compose "* ]]; then
    echo "== compose.yaml"
    prepare podman-compose
    mosquitto=$(with_package mosquitto "${base:-$(debian_base)}" '["/usr/sbin/mosquitto","-c","/mosquitto/config/mosquitto.conf"]')
    compose=$work/compose
    cp -r "$root/Deploy/container" "$compose"
    # Other ports, because those of this machine may be in use.
    sed -i "s/\"8080:8080\"/\"127.0.0.1:$port:8080\"/; s/1883:1883/$((port + 1)):1883/" "$compose/compose.yaml"
    export MOBILEVLM_IMAGE=$image MOSQUITTO_IMAGE=$mosquitto
    up() { (cd "$compose" && podman-compose -p "$name" up -d); }
    step "podman-compose up" up
    service=$(podman ps --filter "label=io.podman.compose.project=$name" --format '{{.Names}}' | grep -v mosquitto)
    step "/readyz is 200" within 300 curl -fsS -m 2 "http://127.0.0.1:$port/readyz"
    step "the first answer is there" within 60 answered "$service" "$port"
    step "and arrives at the broker" timeout 20 mosquitto_sub -h 127.0.0.1 -p $((port + 1)) -t 'mobilevlm/+/gate/person/answer' -C 1
    cut -c1-150 "$step_output" | sed 's/^/        /'
    down() { (cd "$compose" && podman-compose -p "$name" down); }
    step "podman-compose down" down
fi
echo "all passed"
