#!/usr/bin/env bash
# Prints the Debian packages that the native files of a folder need, as part of a 'Depends' field: the highest symbol version
# of each C and C++ library decides. Works for every architecture, because it only reads the files. Needs binutils.
#
#   dependencies.sh FOLDER              for example: libc6 (>= 2.34), libgcc-s1, libstdc++6 (>= 10.2)
#   dependencies.sh --explain FOLDER    one line per native file: what it needs, and the highest versions
#   dependencies.sh --check FILE.deb    fails if the package's own Depends allows an older library than its files need
set -euo pipefail
export LC_ALL=C
usage() { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
command -v readelf >/dev/null || { echo "readelf is not installed: apt-get install binutils" >&2; exit 2; }

# Symbol version, package, the package's version that has it first (libstdc++6.symbols and libc6.symbols of Debian).
# A version that is not here stops the build, because a person must look it up.
minimum() { # symbol version
    case $1 in
        GLIBC_2.*) echo "libc6 ${1#GLIBC_}" ;;
        GLIBC_ABI_DT_RELR) echo "libc6 2.36" ;;
        GLIBCXX_3.4 | GLIBCXX_3.4.[1-9] | GLIBCXX_3.4.1[0-9] | CXXABI_1.3 | CXXABI_1.3.[1-8]) echo "libstdc++6 4.8" ;;
        GLIBCXX_3.4.20) echo "libstdc++6 4.9" ;;
        GLIBCXX_3.4.21 | CXXABI_1.3.9) echo "libstdc++6 5.2" ;;
        GLIBCXX_3.4.22 | CXXABI_1.3.10) echo "libstdc++6 6" ;;
        GLIBCXX_3.4.24) echo "libstdc++6 7" ;;
        GLIBCXX_3.4.25) echo "libstdc++6 8" ;;
        GLIBCXX_3.4.26 | CXXABI_1.3.12) echo "libstdc++6 9" ;;
        GLIBCXX_3.4.27) echo "libstdc++6 9.1" ;;
        GLIBCXX_3.4.23 | GLIBCXX_3.4.28 | CXXABI_1.3.11) echo "libstdc++6 10.2" ;;
        GLIBCXX_3.4.29 | CXXABI_1.3.13) echo "libstdc++6 11" ;;
        GLIBCXX_3.4.30) echo "libstdc++6 12" ;;
        GLIBCXX_3.4.31 | CXXABI_1.3.14) echo "libstdc++6 13" ;;
        GLIBCXX_3.4.32) echo "libstdc++6 13.2" ;;
        GLIBCXX_3.4.33 | CXXABI_1.3.15) echo "libstdc++6 14" ;;
        CXXABI_FLOAT128 | CXXABI_TM_1) echo "libstdc++6 5.2" ;;
        GCC_3.* | GCC_4.*) echo "libgcc-s1 3.4" ;;
        GCC_7.0.0) echo "libgcc-s1 7" ;;
        GCC_12.0.0) echo "libgcc-s1 12" ;;
        *) echo "the symbol version $1 has no known package: add it to 'minimum' in dependencies.sh" >&2; return 1 ;;
    esac
}

package_of() { # library that a file names, folder
    case $1 in
        libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | librt.so.1 | libutil.so.1 | ld-linux-*) echo libc6 ;;
        libstdc++.so.6) echo libstdc++6 ;;
        libgcc_s.so.1) echo libgcc-s1 ;;
        *)
            [ -z "$(find "$2" -name "$1" -print -quit)" ] || return 0
            echo "the library $1 has no known package: add it to 'package_of' in dependencies.sh" >&2
            return 1 ;;
    esac
}

natives() { # folder
    find "$1" -type f -size +3c | sort | while read -r file; do
        if [ "$(head -c 4 "$file" | tr -d '\0')" = $'\x7fELF' ]; then echo "$file"; fi
    done
}

# Versions of symbols that a file needs of Debian's libraries; those of libraries beside it do not count.
symbols() { # file
    readelf -W --version-info "$1" | awk '
        /^Version needs/ { needs = 1 }
        needs && /File:/ { sub(/.*File: /, ""); library = $1 }
        needs && /Name:/ { sub(/.*Name: /, ""); if (library ~ /^(lib(c|m|dl|pthread|rt|util|stdc\+\+|gcc_s)|ld-linux-.*)\.so/) print $1 }
    ' | sort -uV
}
libraries() { readelf -W --dynamic "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }

# Package and lowest version, one line each; '0' without one.
needs() { # folder
    local file symbol library found package highest
    found=$(natives "$1" | while read -r file; do
        for library in $(libraries "$file"); do
            package=$(package_of "$library" "$1") || exit 1
            if [ -n "$package" ]; then echo "$package 0"; fi
        done
        for symbol in $(symbols "$file"); do minimum "$symbol" || exit 1; done
    done) || return 1
    [ -n "$found" ] || { echo "no native file below $1" >&2; return 1; }
    for package in $(cut -d' ' -f1 <<<"$found" | sort -u); do
        highest=$(awk -v package="$package" '$1 == package { print $2 }' <<<"$found" | sort -V | tail -1)
        echo "$package $highest"
    done
}

depends() { # folder
    local lines
    lines=$(needs "$1") || return 1
    sed -E 's/ 0$//; s/^(libgcc-s1) 3\.4$/\1/; s/ (.*)/ (>= \1)/' <<<"$lines" | paste -sd, | sed 's/,/, /g'
}

check() { # package file
    local field package version stated errors=0 lines
    unpacked=$(mktemp -d)
    trap 'rm -rf "$unpacked"' EXIT
    dpkg-deb --extract "$1" "$unpacked"
    field=$(dpkg-deb --field "$1" Depends | tr ',' '\n')
    lines=$(needs "$unpacked") || return 1
    while read -r package version; do
        stated=$(sed -nE "s/^ *${package//+/\\+}( \(>= ([^)]*)\))? *$/\2;/p" <<<"$field")
        if [ -z "$stated" ]; then
            echo "$1: Depends does not name $package, which its files need" >&2
            errors=1
        elif [ "$version" != 0 ] && [ "$version" != 3.4 ] && ! dpkg --compare-versions "${stated%;}" ge "$version"; then
            echo "$1: Depends allows $package ${stated%;}, but its files need $version" >&2
            errors=1
        fi
    done <<<"$lines"
    return $errors
}

case ${1:-} in
    --check) [ $# = 2 ] && [ -f "$2" ] || usage; check "$2" ;;
    --explain)
        [ $# = 2 ] && [ -d "$2" ] || usage
        natives "$2" | while read -r file; do
            echo "${file#"$2"/}: $(libraries "$file" | paste -sd' '); $(symbols "$file" | sort -V | awk -F_ '{ last[$1] = $0 } END { for (it in last) print last[it] }' | sort | paste -sd' ')"
        done ;;
    -* | '') usage ;;
    *) [ $# = 1 ] && [ -d "$1" ] || usage; depends "$1" ;;
esac
