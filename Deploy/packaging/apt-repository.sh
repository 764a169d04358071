#!/usr/bin/env bash
# Makes a signed Debian repository of static files, which any web server or folder can hold, and adds packages to it. Packages
# that are in it already stay, so that an earlier version can be installed. Needs apt-utils and gpg, and no root.
#
#   apt-repository.sh --key KEY [--output FOLDER] [--suite NAME] [--url URL] FILE.deb...
#
# KEY is a fingerprint or address of a secret key that gpg has. --url is where users will find the folder; it is written into
# mobilevlm.sources, which they copy to /etc/apt/sources.list.d/ (default: file: and the folder).
set -euo pipefail
export LC_ALL=C TZ=UTC
umask 022
usage() { sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
output=artifacts/repository
suite=stable
key=
url=
files=()
while [ $# -gt 0 ]; do
    case $1 in
        --key) key=$2; shift 2 ;;
        --output) output=$2; shift 2 ;;
        --suite) suite=$2; shift 2 ;;
        --url) url=$2; shift 2 ;;
        -*) usage ;;
        *) files+=("$1"); shift ;;
    esac
done
[ ${#files[@]} -gt 0 ] || usage
[ -n "$key" ] || { echo "name the key that signs: --key FINGERPRINT ('gpg --list-secret-keys' lists yours)" >&2; exit 2; }
for tool in apt-ftparchive gpg dpkg-deb; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed: apt-get install apt-utils gnupg dpkg" >&2; exit 2; }
done
gpg --batch --list-secret-keys "$key" >/dev/null 2>&1 || { echo "gpg has no secret key '$key'" >&2; exit 2; }

mkdir -p "$output/pool"
output=$(cd "$output" && pwd)
for file in "${files[@]}"; do
    name=$(dpkg-deb --field "$file" Package)_$(dpkg-deb --field "$file" Version)_$(dpkg-deb --field "$file" Architecture).deb
    # What is published under a version never changes, because apt then refuses the file.
    if [ -e "$output/pool/$name" ] && ! cmp -s "$file" "$output/pool/$name"; then
        echo "$name is in the repository with other contents: give the new package a new version" >&2
        exit 1
    fi
    install -m 644 "$file" "$output/pool/$name"
done

cd "$output"
architectures=$(for file in pool/*.deb; do dpkg-deb --field "$file" Architecture; done | sort -u | paste -sd' ')
for architecture in $architectures; do
    folder=dists/$suite/main/binary-$architecture
    mkdir -p "$folder"
    apt-ftparchive --arch "$architecture" packages pool >"$folder/Packages"
    gzip -9nkf "$folder/Packages"
done
rm -f "dists/$suite/Release" "dists/$suite/Release.gpg" "dists/$suite/InRelease"
# Written elsewhere first, because the list must not contain itself.
release=$(mktemp)
trap 'rm -f "$release"' EXIT
apt-ftparchive -o APT::FTPArchive::Release::Origin=MobileVlm.Edge -o APT::FTPArchive::Release::Label=MobileVlm.Edge \
    -o "APT::FTPArchive::Release::Suite=$suite" -o "APT::FTPArchive::Release::Codename=$suite" \
    -o APT::FTPArchive::Release::Components=main -o "APT::FTPArchive::Release::Architectures=$architectures" \
    release "dists/$suite" >"$release"
install -m 644 "$release" "dists/$suite/Release"
gpg --batch --yes --local-user "$key" --armor --detach-sign --output "dists/$suite/Release.gpg" "dists/$suite/Release"
gpg --batch --yes --local-user "$key" --clear-sign --output "dists/$suite/InRelease" "dists/$suite/Release"
gpg --batch --yes --export --output mobilevlm-archive-keyring.gpg "$key"
chmod 644 mobilevlm-archive-keyring.gpg "dists/$suite/"*Release*
cat >mobilevlm.sources <<SOURCES
Types: deb
URIs: ${url:-file:$output}
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/mobilevlm-archive-keyring.gpg
SOURCES
fingerprint=$(gpg --batch --with-colons --list-keys "$key" | awk -F: '$1 == "fpr" { print $10; exit }')
echo "$(find pool -name "*.deb" | wc -l) packages in $output, signed with $fingerprint"
