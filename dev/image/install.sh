#!/bin/sh
# In the image's build stage: what requirements-cli.lock names goes into the environment FOLDER, by the pip that every Python
# brings along for its venv module. It runs from its wheel, so that it is never installed.
set -eu
folder=$1
stdlib=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
pip=$(find /usr/share/python-wheels "$stdlib/ensurepip/_bundled" -name 'pip-*.whl' 2>/dev/null | head -n 1)
[ -n "$pip" ] || { echo "the base image's Python has no venv module (on Debian: python3-venv)" >&2; exit 1; }

python3 -m venv --without-pip "$folder"
PYTHONPATH=$pip "$folder/bin/python" -m pip install --no-compile --require-hashes --only-binary :all: \
  --requirement /tmp/requirements-cli.lock
