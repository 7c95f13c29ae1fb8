#!/bin/sh
# Make .venv fit to run Sentinel (`setup.sh run`) or to check it (`setup.sh dev`). Quick when it already is.
# Needs a POSIX shell and Python 3.11 or newer; PYTHON names another interpreter. Says its words on stderr only.
set -eu

kind=${1:-run}
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
venv=$root/.venv

say() { printf '%s\n' "$*" >&2; }

lock_of() {
    case $1 in
        run) echo requirements.lock ;;
        dev) echo requirements-dev.lock ;;
        *) say "usage: setup.sh run|dev"; exit 2 ;;
    esac
}

# What an environment is made from: the place and the pins.
wanted() { printf '%s\n' "$root"; cksum < "$(lock_of "$1")"; }

is_made() {
    [ -x "$venv/bin/python" ] && [ -f "$venv/.made-for-$1" ] && [ "$(cat "$venv/.made-for-$1")" = "$(wanted "$1")" ]
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    say "Sentinel needs Python 3.11 or newer and found none."
    say "Install one (Debian, Ubuntu: apt-get install python3), or name it: PYTHON=/path/to/python3.12 $0 $kind"
    exit 2
}

# Debian and Ubuntu ship Python without the part that makes environments.
need_venv_module() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 && return
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing the Debian package $package ..."
        apt-get update -qq >&2
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >&2
    else
        say "Python's venv module is missing. Install it and start again:"
        say "    sudo apt-get install -y $package"
        exit 2
    fi
}

make_venv() {
    for mark in "$venv"/.made-for-*; do
        if [ -f "$mark" ] && [ "$(head -n 1 "$mark")" != "$root" ]; then
            rm -rf "$venv"  # made elsewhere and moved here: its programs still point there
        fi
    done
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        python=$(find_python)
        need_venv_module "$python"
        "$python" -m venv --clear "$venv" >&2
    fi
}

install_packages() {
    say "Setting up $venv (about a minute the first time) ..."
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
        "$venv/bin/python" -m pip install --quiet --require-hashes -r "$(lock_of "$kind")" >&2
}

# The package itself is used where it lies: no build, and an edit counts at once.
link_checkout() {
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    printf '%s\n' "$root" > "$site/sentinel-checkout.pth"
    printf '#!/bin/sh\nexec "%s/bin/python" -P -m sentinel "$@"\n' "$venv" > "$venv/bin/sentinel"
    chmod +x "$venv/bin/sentinel"
}

lock_of "$kind" >/dev/null
if is_made "$kind" || is_made dev; then exit 0; fi  # development needs all that running needs
make_venv
install_packages
link_checkout
wanted "$kind" > "$venv/.made-for-$kind"
