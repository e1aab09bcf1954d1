"""`ai-lsp stats`: figures from the server's own files on this machine. So far of what left it: `--egress`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ai_lsp.cli import egress_report

USAGE = "usage: ai-lsp stats --egress [--days N] [--entries] [--json] [--file LEDGER]"


def main(argv: Sequence[str]) -> int:
    """Print the figures asked for; exit 2 where none are."""
    if "--egress" in argv:
        return egress_report.run([each for each in argv if each != "--egress"])
    print(USAGE, file=sys.stderr)
    return 2
