#!/usr/bin/env bash
# make-vsix.sh [--install]: from the npm registry to dist/ai-lsp.vsix, and into VS Code. Needs Node 20 or newer.
set -euo pipefail
cd "$(dirname "$0")"
node=$(node --version 2>/dev/null || echo none)
if [ "$node" = none ] || [ "$(echo "$node" | tr -dc '0-9.' | cut -d. -f1)" -lt 20 ]; then
    echo "make-vsix.sh: Node.js 20 or newer is needed to build the extension; here is: $node" >&2
    exit 1
fi
npm ci --ignore-scripts --silent --no-audit --no-fund
npm run -s test
npm run -s package
vsix=$(pwd)/dist/ai-lsp.vsix
[ "${1:-}" = --install ] || { echo "$vsix"; exit 0; }
for code in code codium code-server; do
    command -v "$code" >/dev/null && exec "$code" --install-extension "$vsix" --force
done
echo "make-vsix.sh: no \`code\` on PATH; in VS Code: Extensions, …, Install from VSIX: $vsix" >&2
exit 1
