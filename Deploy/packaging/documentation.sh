#!/usr/bin/env bash
# Copies the documentation into a package: the whole tree of Deploy/docs, with the change log, the notice and the security
# policy of the repository beside it. A link that leads out of this tree becomes its text, because its target is not installed.
#
#   documentation.sh TARGET_FOLDER
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=$1
mkdir -p "$target"
cp -r "$root/Deploy/docs/." "$target/"
sed -E -i 's#\]\(\.\./[^)]*\)#](OUTSIDE)#g' "$target"/*.md
for folder in "$target"/*/; do
    find "$folder" -maxdepth 1 -name '*.md' -exec sed -E -i 's#\]\(\.\./\.\./[^)]*\)#](OUTSIDE)#g' {} +
done
for file in CHANGELOG.md SECURITY.md; do
    sed -E 's#\]\(Deploy/docs/#](#g; s#\]\((Deploy|Tests|README|CONTRIBUTING)[^)]*\)#](OUTSIDE)#g' "$root/$file" >"$target/$(basename "$file" | sed 's/^SECURITY/security-policy/; s/^CHANGELOG/changelog/')"
done
cp "$root/NOTICE" "$target/NOTICE"
find "$target" -name '*.md' -exec sed -E -i 's#\[([^]]*)\]\(OUTSIDE\)#\1#g' {} +
