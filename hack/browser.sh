#!/usr/bin/env bash
# Looks at the pages and pictures of "status" in a real browser, on a phone, a
# laptop and paper, light and dark. AKSMESH_BROWSER names the browser, else one
# is looked for (on Debian: apt-get install chromium); AKSMESH_SHOTS a directory
# for pictures of what was seen.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${AKSMESH_BROWSER:-}" ]; then
  for name in chromium chromium-browser google-chrome; do
    if AKSMESH_BROWSER=$(command -v "$name"); then break; fi
  done
fi
if [ -z "${AKSMESH_BROWSER:-}" ]; then
  echo "no browser: install chromium, or name one in AKSMESH_BROWSER" >&2
  exit 1
fi
export AKSMESH_BROWSER
exec "${GO:-go}" test -count=1 -tags browser -run Browser\|Probe "$@" ./internal/picture
