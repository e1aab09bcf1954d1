"""Where the server's log goes: stderr, which editors collect, or a file that the user names."""

from __future__ import annotations

import logging
import logging.handlers

from ai_lsp.config.settings import LogSettings

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MAX_BYTES = 5_000_000


def apply_log_settings(settings: LogSettings) -> None:
    """Put level and file in force; a file that cannot be opened leaves stderr, with a line that says so.

    Only this program's loggers follow the level: pygls and httpx would write the user's text and URLs.
    """
    own = logging.getLogger("ai_lsp")
    own.setLevel(settings.level.upper())
    for handler in list(own.handlers):
        own.removeHandler(handler)
        handler.close()
    own.propagate = True
    if not settings.file:
        return
    try:
        handler = logging.handlers.RotatingFileHandler(
            settings.file, maxBytes=_MAX_BYTES, backupCount=1, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        own.warning("the log file cannot be opened (%s); the log stays on stderr", error.strerror)
        return
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    own.addHandler(handler)
    own.propagate = False
