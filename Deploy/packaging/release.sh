#!/usr/bin/env bash
# Makes everything that a release publishes, in one folder that a web server can hand out as it is:
#
#   release.sh --key KEY --output FOLDER [--url URL] [--version V] [--arch amd64|arm64]... [--packages FOLDER] [--image]
#
#   mobilevlm_VERSION_ARCH.deb, mobilevlm-VERSION-linux-ARCH.tar.gz   built twice and compared, unless --packages has them
#   mobilevlm-VERSION-ARCH.sbom.cdx.json                              what is in the package, with hashes and licences
#   mobilevlm-VERSION-image-ARCH.tar.gz                               with --image, for the architecture of this machine (buildah)
#   container/, homeassistant/                                        compose files, the repository of the add-on
#   apt/                                                              the signed repository
#   install.sh, SHA256SUMS, SHA256SUMS.asc, mobilevlm-release.gpg     the installer, checksums, their signature and its key
#
# KEY is a fingerprint or address of a secret key that gpg has. An apt/ folder of earlier releases in FOLDER is added to.
# BASE names the image to build from (default: that of the Dockerfile). BUILDAH_OPTIONS and BUILDAH_BUILD_OPTIONS go to buildah.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export LC_ALL=C TZ=UTC
umask 022
usage() { sed -n '2,15s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' "$root/Directory.Build.props")
key=
output=
url=
packages=
image=
architectures=()
while [ $# -gt 0 ]; do
    case $1 in
        --image) image=1; shift; continue ;;
        -*) [ $# -gt 1 ] || usage ;;
    esac
    case $1 in
        --key) key=$2 ;;
        --output) output=$2 ;;
        --url) url=$2 ;;
        --version) version=$2 ;;
        --arch) architectures+=("$2") ;;
        --packages) packages=$2 ;;
        *) usage ;;
    esac
    shift 2
done
[ -n "$key" ] && [ -n "$output" ] || usage
[ ${#architectures[@]} -gt 0 ] || architectures=(amd64 arm64)
gpg --batch --list-secret-keys "$key" >/dev/null 2>&1 || { echo "gpg has no secret key '$key'; 'gpg --list-secret-keys' lists yours" >&2; exit 2; }
mkdir -p "$output"
output=$(cd "$output" && pwd)

if [ -z "$packages" ]; then
    bash "$here/build-packages.sh" --check --output "$output" --version "$version" "${architectures[@]/#/--arch=}" >/dev/null
else
    for architecture in "${architectures[@]}"; do
        cp "$packages/mobilevlm_${version}_$architecture.deb" "$packages/mobilevlm-$version-linux-$architecture.tar.gz" "$output/"
    done
fi
debs=("${architectures[@]/#/$output/mobilevlm_${version}_}")
debs=("${debs[@]/%/.deb}")
for architecture in "${architectures[@]}"; do
    deb=$output/mobilevlm_${version}_$architecture.deb
    bash "$here/dependencies.sh" --check "$deb"
    dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/share/doc/mobilevlm/sbom.cdx.json >"$output/mobilevlm-$version-$architecture.sbom.cdx.json"
done

bash "$here/apt-repository.sh" --key "$key" --output "$output/apt" ${url:+--url "${url%/}/apt"} "${debs[@]}"

rm -rf "$output/container" "$output/homeassistant"
cp -r "$root/Deploy/container" "$output/container"
# A repository of add-ons is a folder for each of them, and repository.json.
mkdir -p "$output/homeassistant/mobilevlm/packages"
cp "$root/Deploy/homeassistant/repository.json" "$output/homeassistant/"
cp -r "$root/Deploy/homeassistant/addon/." "$output/homeassistant/mobilevlm/"
cp "$root/Deploy/container/collect.sh" "$root/Deploy/container/ffmpeg.sh" "$output/homeassistant/mobilevlm/"
cp "$root/CHANGELOG.md" "$output/homeassistant/mobilevlm/CHANGELOG.md"
cp "${debs[@]}" "$output/homeassistant/mobilevlm/packages/"
sed -i "s/@VERSION@/$version/" "$output/homeassistant/mobilevlm/config.json"
[ -z "$url" ] || sed -i "s|\"url\": \"[^\"]*\"|\"url\": \"$url\"|" "$output/homeassistant/repository.json"

if [ -n "$image" ]; then
    command -v buildah >/dev/null || { echo "buildah is not installed: apt-get install buildah, or leave --image out" >&2; exit 2; }
    architecture=$(dpkg --print-architecture)
    # A version of Debian may have '~' and '+', which a tag of an image must not have.
    tag=mobilevlm:${version//[^A-Za-z0-9_.-]/-}
    context=$(mktemp -d)
    trap 'rm -rf "$context"' EXIT
    cp "$output/mobilevlm_${version}_$architecture.deb" "$context/"
    # shellcheck disable=SC2086 # several options
    buildah ${BUILDAH_OPTIONS:-} build ${BUILDAH_BUILD_OPTIONS:-} --format docker --layers=false -f "$root/Deploy/container/Dockerfile" ${BASE:+--build-arg "BASE=$BASE"} \
        --build-arg "TARGETARCH=$architecture" --build-context "files=$root/Deploy/container" -t "$tag" "$context"
    # The add-on takes the compiled ffmpeg from here, and compiles it where the release has none for its architecture. Debian's
    # own (--build-arg FFMPEG=debian) has no such note and would miss its libraries.
    # shellcheck disable=SC2086
    container=$(buildah ${BUILDAH_OPTIONS:-} from "$tag")
    # shellcheck disable=SC2086
    built() { buildah ${BUILDAH_OPTIONS:-} run --isolation chroot --user 0 "$container" -- "$@"; }
    if built test -e /usr/share/doc/ffmpeg/README; then
        built tar -C / --sort=name --owner=0 --group=0 --mtime=@0 -cf - usr/bin/ffmpeg usr/share/doc/ffmpeg |
            gzip -9n >"$output/homeassistant/mobilevlm/packages/ffmpeg-$architecture.tar.gz"
    fi
    # shellcheck disable=SC2086
    buildah ${BUILDAH_OPTIONS:-} rm "$container" >/dev/null
    archive=$output/mobilevlm-$version-image-$architecture.tar
    rm -f "$archive" "$archive.gz"
    # shellcheck disable=SC2086
    buildah ${BUILDAH_OPTIONS:-} push "$tag" "docker-archive:$archive:$tag"
    gzip -9n "$archive"
fi

install -m 755 "$here/install.sh" "$output/install.sh"
gpg --batch --yes --export --output "$output/mobilevlm-release.gpg" "$key"
cd "$output"
find . -maxdepth 1 -type f ! -name 'SHA256SUMS*' -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS
gpg --batch --yes --local-user "$key" --armor --detach-sign --output SHA256SUMS.asc SHA256SUMS
gpg --batch --verify SHA256SUMS.asc SHA256SUMS 2>/dev/null || { echo "the signature of SHA256SUMS does not verify" >&2; exit 1; }
echo "release $version in $output"
