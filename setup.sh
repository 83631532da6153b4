#!/bin/bash
# Makes this clone ready: Debian packages, Python packages in .venv, the pages. Quick when nothing has changed.
# `make setup` calls it; every other target begins with it. Messages go to standard error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 npm_config_update_notifier=false

say() { echo "setup: $*" >&2; }

mkdir -p build
exec 9>build/setup.lock
flock 9 # two targets at once: the second waits

# --- Debian packages -------------------------------------------------------------------------------------------
# A | means "the one name in Debian 12, the other in 13"; what a package is for stands behind it.
packages=(
  chromium                       # the exam page, the displays, browser tests
  espeak-ng                      # announcements
  ffmpeg                         # comparison in the recorder's bench, decoding in tests
  fonts-noto-cjk                 # Chinese on pages and sheets
  iproute2                       # network namespaces in the lockdown test
  nftables                       # a seat's network rules
  "libgl1"                       # OpenCV
  "libglib2.0-0t64|libglib2.0-0" # OpenCV, WeasyPrint
  libharfbuzz-subset0            # WeasyPrint
  libpango-1.0-0                 # WeasyPrint
  libpangoft2-1.0-0              # WeasyPrint
  libnss3-tools                  # the site's authority in a browser's store
  poppler-utils                  # PDF tests
  postgresql                     # started privately by the tests
  systemd                        # systemd-analyze over the units
  tmux                           # the TUI's test
  xvfb                           # a screen for browser tests
)

installed() { dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null | awk '$1 == "installed" { print $2 }'; }

# Of each missing entry the first name that this Debian has, else the last.
choose() {
  local entry name names
  chosen=()
  for entry in "${missing[@]}"; do
    IFS='|' read -ra names <<<"$entry"
    for name in "${names[@]}"; do
      [[ $(apt-cache policy "$name" 2>/dev/null) =~ Candidate:\ [0-9] ]] && break
    done
    chosen+=("$name")
  done
}

missing=()
have=" $(installed | tr '\n' ' ')"
for entry in "${packages[@]}"; do
  IFS='|' read -ra names <<<"$entry"
  found=
  for name in "${names[@]}"; do [[ $have == *" $name "* ]] && found=1; done
  [[ $found ]] || missing+=("$entry")
done
# Node, npm and Python count by what they do: a machine may have them from elsewhere.
node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' 2>/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || missing+=(python3-venv)

if ((${#missing[@]})) && [[ ${EXAMSITE_NO_PACKAGES:-} != 1 ]]; then
  if ((EUID == 0)); then root=(); elif sudo -n true 2>/dev/null; then root=(sudo -n); else root=(false); fi
  if ! command -v apt-get >/dev/null || [[ ${root[0]:-} == false ]]; then
    choose
    say "these Debian packages are missing, and this user may not install them: ${chosen[*]}"
    exit 2
  fi
  say "installing Debian packages: ${missing[*]}"
  "${root[@]}" apt-get update -qq >&2
  choose
  # PostgreSQL would make and start a server of its own on installation: nobody asked for that.
  quiet=/etc/postgresql-common/createcluster.d/examsite-setup.conf
  if [[ " ${chosen[*]} " == *" postgresql "* ]]; then
    "${root[@]}" mkdir -p "${quiet%/*}"
    echo "create_main_cluster = false" | "${root[@]}" tee "$quiet" >/dev/null
    trap '"${root[@]}" rm -f "$quiet"' EXIT
  fi
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
    -o Dpkg::Options::=--force-confold "${chosen[@]}" >build/apt.log 2>&1 || {
    tail -20 build/apt.log >&2
    say "apt-get could not install: ${chosen[*]} (build/apt.log)"
    exit 2
  }
fi

# --- Python packages -------------------------------------------------------------------------------------------
python=.venv/bin/python
source systemd/locked.sh
stamp_of() { { cat "$@"; echo "$PWD"; } | sha256sum | cut -c1-32; }

wanted="$(stamp_of requirements.lock pyproject.toml)"
if [[ ! -x $python || ! -x .venv/bin/pip || "$(cat .venv/.set-up 2>/dev/null)" != "$wanted" ]]; then
  # A moved clone or a replaced system Python leaves a venv that does not run.
  if ! $python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    say "creating .venv with $(python3 --version)"
    rm -rf .venv
    python3 -m venv .venv
  fi
  rm -f .venv/.set-up
  say "installing Python packages from requirements.lock (the first time takes some minutes)"
  install_locked requirements.lock "$python"
  $python -m pip install -qq --no-deps --no-build-isolation --editable . >&2
  echo "$wanted" >.venv/.set-up
fi

# --- Pages -----------------------------------------------------------------------------------------------------
wanted="$(stamp_of package-lock.json package.json)"
if [[ "$(cat node_modules/.set-up 2>/dev/null)" != "$wanted" ]]; then
  say "installing npm packages from package-lock.json"
  npm ci --ignore-scripts --silent >&2
  echo "$wanted" >node_modules/.set-up
fi
mapfile -d '' sources < <(find appliance/web/ui station/ui kiosk/ui -type f -print0 2>/dev/null | sort -z)
wanted="$(printf '%s\n' "${sources[@]}" | cat - "${sources[@]}" build-pages.mjs package-lock.json | sha256sum | cut -c1-32)"
if [[ "$(cat appliance/web/static/.built 2>/dev/null)" != "$wanted" ]]; then
  say "building the pages"
  node build-pages.mjs >&2
  echo "$wanted" >appliance/web/static/.built
fi
