#!/usr/bin/env bash
# Makes the virtual environment of the composite action, once a job and version: the lock's wheels by their hashes, and
# the runner beside them. Nothing of it touches the Python that the workflow uses.
set -euo pipefail

source=$GITHUB_ACTION_PATH/..
venv=$RUNNER_TEMP/pipeline-action
if [[ -e $venv/.made && $(<"$venv/.made") == "$source" ]]; then exit 0; fi
rm -rf "$venv"

for python in python3 python3.14 python3.13 python3.12 python3.11 python; do
  if "$python" -I -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    found=$python
    break
  fi
done
if [[ -z ${found:-} ]]; then
  echo '::error title=No Python::The composite action needs Python 3.11 or newer with venv. Use actions/setup-python before it.'
  exit 2
fi

"$found" -I -m venv "$venv"
"$venv/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
  --requirement "$source/requirements.lock"
site=$("$venv/bin/python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
rm -rf "$site/runner" && cp -R "$source/runner" "$site/runner"
rm -rf "$site/runner/builtin" && cp -R "$source/definitions" "$site/runner/builtin"
"$venv/bin/python" -I -m runner.prepare >/dev/null
printf '%s' "$source" >"$venv/.made"
