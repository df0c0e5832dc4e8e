# Sourced by the scripts beside it: where things are, how they speak, how they fail.
# shellcheck shell=bash
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
NPM_BIN="$ROOT/scripts/npm/node_modules/.bin"
ARTIFACTS="$ROOT/target/artifacts"
export ROOT NPM_BIN ARTIFACTS
cd "$ROOT"

say() { printf '%s\n' "$*" >&2; }

# One sentence on what is missing and what to install; exit code 3.
missing() {
    say "error: $*"
    exit 3
}

# A wrong argument; exit code 2.
usage() {
    say "error: $*"
    exit 2
}

need() { command -v "$1" >/dev/null 2>&1 || missing "\`$1\` is not on the PATH: install $2, then run this again."; }

# tool NAME VERSION [COMMAND]: a tool from crates.io, built once into target/tools and put on the PATH. COMMAND is what
# comes before --version where the tool is a command of cargo.
tool() {
    export PATH="$ROOT/target/tools/bin:$PATH"
    local told
    told="$("$ROOT/target/tools/bin/$1" ${3:+"$3"} --version 2>/dev/null || true)"
    [ "${told##* }" = "$2" ] && return 0
    say "setup: building $1 $2 into target/tools (some minutes)"
    cargo install --quiet --locked --root "$ROOT/target/tools" --target-dir "$ROOT/target/tools-build" "$1@$2" >&2 ||
        missing "$1 $2 could not be built from crates.io: see above."
    rm -rf "$ROOT/target/tools-build"
}
