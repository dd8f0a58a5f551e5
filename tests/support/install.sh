#!/usr/bin/env bash
# Installs what the tests need from Debian, PyPI and npm. Safe to run again: it looks before it
# asks any registry, so a second run takes about a second.
#
#   tests/support/install.sh            everything
#   tests/support/install.sh --build    only what `cargo build` needs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

build_packages=(build-essential pkg-config clang libclang-dev libssl-dev libxml2-dev libxmlsec1-dev libpq-dev libsqlite3-dev)
# apache2-bin is the server alone: the tests bring their own configuration and never touch the
# system's Apache.
test_packages=(apache2-bin libapache2-mod-shib shibboleth-sp-utils libapache2-mod-auth-mellon
  opensaml-schemas xmltooling-schemas xmlsec1 libxml2-utils openssl python3 python3-venv
  chromium fonts-dejavu-core postgresql)

wanted=("${build_packages[@]}")
if [ "${1:-}" != "--build" ]; then
  wanted+=("${test_packages[@]}")
  # Node may come from elsewhere than Debian; then Debian's npm would conflict with it.
  command -v node >/dev/null || wanted+=(nodejs)
  command -v npm >/dev/null || wanted+=(npm)
fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  echo "Installing from Debian: ${missing[*]}"
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  # RUNLEVEL=1 keeps packages from starting their services: the tests start their own.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
[ "${1:-}" != "--build" ] || exit 0

# Runs a command when the file it depends on is not the one it last ran for.
when_changed() {
  local source=$1 stamp=$2
  shift 2
  if ! cmp -s "$source" "$stamp"; then
    "$@"
    cp "$source" "$stamp"
  fi
}

venv=.cache/interop-venv
if [ ! -x "$venv/bin/python" ]; then
  rm -rf "$venv"
  mkdir -p .cache
  /usr/bin/python3 -m venv "$venv"
fi
when_changed tests/interop/requirements.txt "$venv/installed-requirements.txt" \
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/interop/requirements.txt

for folder in tests/interop/node tests/browser; do
  mkdir -p "$folder/node_modules"
  when_changed "$folder/package-lock.json" "$folder/node_modules/.installed-lock.json" \
    npm ci --prefix "$folder" --silent --no-fund --no-audit --ignore-scripts
done
