#!/usr/bin/env bash
# Builds mobilevlm_VERSION_ARCH.deb and mobilevlm-VERSION-linux-ARCH.tar.gz for amd64 and arm64, without root and on any
# machine that has the .NET SDK, dpkg-deb, binutils and tar. The same sources give the same bytes: times come from SOURCE_DATE_EPOCH
# (without it, from the last commit), and no path of this machine is in the packages.
#
#   build-packages.sh [--output DIR] [--version V] [--arch amd64|arm64]... [--check]
#
# With --check everything is built a second time, in another folder, and must be identical.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 LC_ALL=C TZ=UTC
umask 022

output=$root/artifacts
version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' "$root/Directory.Build.props")
architectures=()
check=
while [ $# -gt 0 ]; do
    case $1 in
        --output) output=$2; shift 2 ;;
        --version) version=$2; shift 2 ;;
        --arch) architectures+=("$2"); shift 2 ;;
        --arch=*) architectures+=("${1#*=}"); shift ;;
        --check) check=1; shift ;;
        *) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
    esac
done
[ ${#architectures[@]} -gt 0 ] || architectures=(amd64 arm64)
for tool in dotnet dpkg-deb tar gzip readelf; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 2; }
done
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
mkdir -p "$output"
output=$(cd "$output" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Builds from a copy, so that this build and a build for tests do not share output files.
mkdir "$work/src"
tar -C "$root" --exclude=bin --exclude=obj -cf - \
    Actors Connectors Deploy Inference LICENSE Directory.Build.props Directory.Packages.props global.json .editorconfig |
    tar -C "$work/src" -xf -
packages=$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: *//')

# Compiled ahead (ReadyToRun), a start takes a quarter less processor time; the runtime compiles what runs often again.
publish() { # runtime identifier, folder
    dotnet publish "$work/src/Deploy/MobileVlm.Edge.Deploy.csproj" -c Release -r "$1" --self-contained -o "$2" \
        -v quiet --nologo -p:WithOpenCv=false -p:PublishReadyToRun=true -p:Version="${version%%[+~]*}" -p:InformationalVersion="$version" \
        -p:ContinuousIntegrationBuild=true -p:DebugType=embedded -p:PathMap="$work/src=/mobilevlm" \
        -p:PublishDocumentationFiles=false -p:PublishReferencesDocumentationFiles=false \
        -p:IncludeSourceRevisionInInformationalVersion=false >&2
}

# The demo's configuration for an installed service: where the model and the clip are, and the page.
demo_configuration() { # the configuration of 'mobilevlm demo'
    sed -e '2,3d; s|"Path": "filled in"|"Path": "/var/lib/mobilevlm/models/demo"|' \
        -e 's|"Source": "filled in"|"Source": "/usr/lib/mobilevlm/demo/gate.mp4"|' \
        -e 's|^    "Cameras": {|    "Http": { "Listen": "127.0.0.1:8080" },\n&|' "$1"
}

# Creates the tree that both kinds of package install.
stage() { # architecture, folder
    local app=$2/usr/lib/mobilevlm doc=$2/usr/share/doc/mobilevlm
    mkdir -p "$app" "$doc/examples" "$2/usr/bin" "$2/usr/lib/systemd/system" "$2/usr/lib/sysusers.d"
    case $1 in
        amd64) publish linux-x64 "$app" ;;
        arm64) publish linux-arm64 "$app" ;;
        *) echo "unknown architecture '$1'; amd64 and arm64 are built" >&2; exit 2 ;;
    esac
    find "$app" -type f -exec chmod 644 {} +
    chmod 755 "$app/mobilevlm"
    ln -s ../lib/mobilevlm/mobilevlm "$2/usr/bin/mobilevlm"
    demo_configuration "$root/Deploy/demo/appsettings.json" >"$app/demo/service.json"
    dotnet run "$here/sbom.cs" "$app" "$packages" "$doc" "$version" >&2
    mkdir -p "$2/usr/share/man/man1" "$2/usr/share/bash-completion/completions"
    gzip -9nc "$here/shell/mobilevlm.1" >"$2/usr/share/man/man1/mobilevlm.1.gz"
    cp "$here/shell/mobilevlm.bash" "$2/usr/share/bash-completion/completions/mobilevlm"
    cp "$root/Deploy/systemd/mobilevlm.service" "$2/usr/lib/systemd/system/"
    cp "$root/Deploy/systemd/sysusers.conf" "$2/usr/lib/sysusers.d/mobilevlm.conf"
    cp -r "$root/Deploy/systemd/drop-ins" "$doc/examples/"
    cp -r "$root/Deploy/homeassistant" "$doc/examples/"
    cp "$root/Deploy/packaging/report.sh" "$doc/examples/"
    cp "$root/Deploy/node-red/examples.json" "$doc/examples/node-red.json"
    bash "$here/documentation.sh" "$doc"
    find "$2" -type d -exec chmod 755 {} +
    find "$doc" "$2/usr/share/man" "$2/usr/share/bash-completion" "$2/usr/lib/systemd" "$2/usr/lib/sysusers.d" -type f -exec chmod 644 {} +
    chmod 755 "$doc/examples/report.sh"
    find "$2" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

debian() { # architecture, tree
    local natives size
    mkdir "$2/DEBIAN"
    natives=$(bash "$here/dependencies.sh" "$2/usr/lib/mobilevlm")
    size=$(du -sk --apparent-size --exclude=DEBIAN "$2" | cut -f1)
    sed -e "s/@VERSION@/$version/; s/@ARCH@/$1/; s/@SIZE@/$size/; s/@NATIVES@/$natives/" \
        "$here/debian/control" >"$2/DEBIAN/control"
    (cd "$2" && find usr -type f | sort | xargs md5sum) >"$2/DEBIAN/md5sums"
    install -m 755 "$here"/debian/{postinst,prerm,postrm} "$2/DEBIAN/"
    find "$2/DEBIAN" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
    # One thread, because with more of them the compressed bytes depend on the machine.
    dpkg-deb --root-owner-group --threads-max=1 -Zxz -z6 --build "$2" "$output/mobilevlm_${version}_$1.deb" >&2
    rm -r "$2/DEBIAN"
    bash "$here/dependencies.sh" --check "$output/mobilevlm_${version}_$1.deb"
}

tarball() { # architecture, tree
    local name=mobilevlm-$version-linux-$1
    install -m 755 "$here/install-archive.sh" "$2/install.sh"
    touch -d "@$SOURCE_DATE_EPOCH" "$2" "$2/install.sh"
    tar -C "$2" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu \
        --transform "s,^\.,$name," -cf - . | gzip -9n >"$output/$name.tar.gz"
}

for architecture in "${architectures[@]}"; do
    stage "$architecture" "$work/$architecture"
    debian "$architecture" "$work/$architecture"
    tarball "$architecture" "$work/$architecture"
done
cd "$output"
if [ -n "$check" ]; then
    mkdir "$work/again"
    bash "$here/$(basename "${BASH_SOURCE[0]}")" --output "$work/again" --version "$version" "${architectures[@]/#/--arch=}" >/dev/null
    for architecture in "${architectures[@]}"; do
        for file in "mobilevlm_${version}_$architecture.deb" "mobilevlm-$version-linux-$architecture.tar.gz"; do
            cmp "$file" "$work/again/$file" || { echo "$file differs when it is built again" >&2; exit 1; }
        done
    done
    echo "built twice: identical" >&2
fi
for architecture in "${architectures[@]}"; do
    sha256sum "mobilevlm_${version}_$architecture.deb" "mobilevlm-$version-linux-$architecture.tar.gz"
done
