#!/usr/bin/env bash
# Installs into the project's own folders: PYTHON VENV. Needs Python 3.11 or newer with pip.
set -euo pipefail
python=$1 venv=$2
log=build/set-up.log
mkdir -p build

fail() {
  echo "error: $1" >&2
  exit 1
}

command -v "$python" >/dev/null || fail "$python is not there; install Python 3.11 or newer, or: make PYTHON=/path/to/python"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "Python 3.11 or newer is needed, $python is $version; for example: make PYTHON=python3.12"

step() {
  local begin=$SECONDS
  printf '  %-52s' "$1"
  shift
  if "$@" >>"$log" 2>&1; then
    printf '%4d s\n' $((SECONDS - begin))
  else
    printf 'failed\n'
    tail -n 20 "$log" >&2
    fail "set-up stopped; the whole log is in $log. Run the same command again to go on"
  fi
}

: >"$log"
echo "setting up with Python $version (once)"
rm -f "$venv/.set-up"
step "virtual environment in $venv" "$python" -m venv "$venv"
export PATH="$PWD/$venv/bin:$PATH" PIP_DISABLE_PIP_VERSION_CHECK=1
step "Python packages" "$venv/bin/python" -m pip install -q -r requirements.txt -r requirements-dev.txt
step "CDK CLI and JavaScript SDK in node_modules" npm install --no-progress --loglevel=error
