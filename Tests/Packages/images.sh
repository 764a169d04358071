# Parts of the tests of images: a base made with debootstrap, and steps. For container.sh and addon.sh.
work=$(mktemp -d)
step_output=$work/step
begun_all=$(date +%s)
export CONTAINERS_CONF=$work/containers.conf BUILDAH_ISOLATION=chroot
# runc, because crun wants one kind of cgroups alone; limits that a machine without CAP_SYS_RESOURCE allows.
cat >"$CONTAINERS_CONF" <<CONF
[containers]
default_ulimits = ["nofile=10000:$(ulimit -Hn | sed 's/unlimited/1048576/')", "nproc=10000:10000"]
[engine]
runtime = "runc"
CONF
prepare() { # tools...
    [ "$(id -u)" = 0 ] || { echo "needs root" >&2; exit 2; }
    local tool
    for tool in "$@"; do command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install $tool" >&2; exit 2; }; done
}
step() { # what, command...
    local what=$1
    shift
    if "$@" >"$step_output" 2>&1; then
        printf '%4d s  ok    %s\n' "$(($(date +%s) - begun_all))" "$what"
    else
        tail -20 "$step_output"
        printf '%4d s  BAD   %s\n' "$(($(date +%s) - begun_all))" "$what"
        exit 1
    fi
}
within() { # seconds, command...
    local until=$(($(date +%s) + $1))
    shift
    until "$@" 2>/dev/null; do
        [ "$(date +%s)" -lt $until ] || { "$@"; return 1; }
        sleep 0.5
    done
}
now() { date +%s.%N; }
since() { echo "$1 $(now)" | awk '{ printf "%.1f", $2 - $1 }'; }
# An image as docker.io/library/debian:bookworm-slim is: without documentation, translations and lists of packages.
debian_base() {
    local image=localhost/debian-slim:bookworm tree=$work/base
    if ! podman image exists "$image"; then
        prepare debootstrap
        debootstrap --variant=minbase bookworm "$tree" >"$work/debootstrap.log" 2>&1 || { tail -5 "$work/debootstrap.log" >&2; return 1; }
        rm -rf "$tree"/var/cache/apt/* "$tree"/var/lib/apt/lists/* "$tree"/var/log/* "$tree"/usr/share/{man,info,lintian} "$tree"/usr/share/locale/*
        find "$tree/usr/share/doc" ! -name copyright ! -type d -delete
        find "$tree/usr/share/doc" -type d -empty -delete
        tar -C "$tree" -cf - . | podman import --quiet - "$image" >/dev/null
        rm -rf "$tree"
    fi
    echo "$image"
}
with_package() { # package, base, entry point: an image of the base with a package of Debian
    local image=localhost/test-$1 container
    if ! podman image exists "$image"; then
        container=$(buildah from "$2")
        buildah run "$container" -- sh -c "apt-get update -qq && apt-get install -y -qq --no-install-recommends $1" >/dev/null 2>&1
        buildah config --entrypoint "$3" --cmd '' "$container"
        buildah commit --quiet --rm "$container" "$image" >/dev/null
    fi
    echo "$image"
}
