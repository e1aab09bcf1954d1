#!/usr/bin/env bash
# make-vsix.sh: from the npm registry to dist/ai-lsp.vsix. Needs Node 20 or newer.
set -euo pipefail
cd "$(dirname "$0")"
npm ci --ignore-scripts
npm run -s test
npm run -s package
echo "$(pwd)/dist/ai-lsp.vsix"
