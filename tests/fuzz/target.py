"""The real server on stdio with one method more, `test/texts`: every open document as the server has it."""

from __future__ import annotations

import sys
from typing import Any

from ai_lsp import server
from ai_lsp.__main__ import main


def texts(running: server.Server) -> Any:
    return lambda params, request: {d.uri: d.text for d in running.session.documents.all()}


if __name__ == "__main__":
    assert isinstance(server.METHODS, dict)
    server.METHODS["test/texts"] = (texts, None)
    sys.exit(main(["--stdio"]))
