#!/bin/bash
# Installs the box on this Debian machine, as root: user, folders, program, units, configuration file.
# A second run brings the program and the units up to date and leaves the configuration alone.
#
#   --root DIR      install below DIR instead (an image, a test)
#   --no-program    everything but the program
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source systemd/locked.sh

root= program=1
while (($#)); do
  case $1 in
    --root) root=${2:?--root needs a folder}; shift ;;
    --no-program) program= ;;
    *) echo "install: unknown option $1" >&2; exit 2 ;;
  esac
  shift
done
if ((EUID != 0)) && [[ -z $root ]]; then
  echo "install: this needs root: sudo make install" >&2
  exit 2
fi

say() { echo "install: $*"; }

if [[ $program ]]; then
  say "the program into $root/opt/examsite"
  rm -rf build/wheel
  .venv/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir build/wheel .
  python=$root/opt/examsite/.venv/bin/python
  if ! "$python" -c 'import pip' 2>/dev/null; then
    for system in /usr/bin/python3 python3; do # Debian's own, so that the box does not hang on somebody's home
      "$system" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
    done
    mkdir -p "$root/opt/examsite"
    rm -rf "$root/opt/examsite/.venv"
    "$system" -m venv "$root/opt/examsite/.venv"
  fi
  export PIP_DISABLE_PIP_VERSION_CHECK=1
  install_locked requirements-box.lock "$python"
  "$python" -m pip install --quiet --no-deps --force-reinstall build/wheel/*.whl
  if [[ $root ]]; then # the scripts name their Python as it will be called
    find "$root/opt/examsite/.venv/bin" -type f -exec sed -i "1s|^#!$root/|#!/|" {} +
  fi
  install -d "$root/opt/examsite/share"
  cp -r docs "$root/opt/examsite/share/"
  install -d "$root/usr/local/bin"
  ln -sfn /opt/examsite/.venv/bin/examsite "$root/usr/local/bin/examsite"
fi

units=$root/etc/systemd/system
install -d "$units/exam-.service.d" "$root/usr/lib/sysusers.d" "$root/usr/lib/tmpfiles.d" "$root/etc/examsite" "$root/etc/chrony/conf.d"
install -m 644 systemd/exam.target systemd/exam-*.service systemd/exam-*.timer "$units/"
install -m 644 systemd/exam-.service.d/*.conf "$units/exam-.service.d/"
install -m 644 systemd/sysusers.conf "$root/usr/lib/sysusers.d/examsite.conf"
install -m 644 systemd/tmpfiles.conf "$root/usr/lib/tmpfiles.d/examsite.conf"
install -m 644 systemd/chrony.conf "$root/etc/chrony/conf.d/examsite.conf" # read once chrony is installed
if [[ -e $root/etc/examsite/examsite.toml ]]; then
  say "/etc/examsite/examsite.toml stays as it is"
else
  install -m 640 systemd/examsite.toml "$root/etc/examsite/examsite.toml"
fi

if ((EUID == 0)); then # an image made by somebody else gets them at its first start
  systemd-sysusers ${root:+--root="$root"} "$root/usr/lib/sysusers.d/examsite.conf"
  systemd-tmpfiles ${root:+--root="$root"} --create "$root/usr/lib/tmpfiles.d/examsite.conf"
fi
if [[ -z $root && -d /run/systemd/system ]]; then
  systemctl daemon-reload
  if systemctl cat chrony.service >/dev/null 2>&1; then # where it runs already it reads conf.d at its start only
    systemctl try-restart chrony.service
  fi
fi

cat <<END
install: done. What is left to do:
  1. Fill in /etc/examsite/examsite.toml (every setting is explained there). Recordings have a disk of their own: mount
     it at /var/lib/examsite-media and set own_disk = true in [recorder].
  2. cd /var/lib/examsite && runuser -u examsite -- examsite init
  3. apt-get install chrony, where it is missing: the box is the time server of its cameras and exam computers.
  4. systemctl enable --now exam.target; then examsite check
END
