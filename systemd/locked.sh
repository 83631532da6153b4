# Sourced by setup.sh and install.sh: installs a lock file into a virtual environment, every file checked by its hash.

# Two packages exist only as source: they are made into wheels with the setuptools of the lock itself. All others
# must be wheels, so that nothing compiles.
install_locked() { # LOCK PYTHON
  local lock=$1 python=$2 first
  first=$(mktemp)
  awk '/^[a-z]/ { on = /^setuptools==/ } on' "$lock" >"$first"
  "$python" -m pip install -qq --no-deps --require-hashes -r "$first" >&2
  rm -f "$first"
  "$python" -m pip install -qq --no-deps --no-build-isolation --require-hashes \
    --only-binary :all: --no-binary face-recognition-models,onvif-zeep -r "$lock" >&2
}
