"""The program: the language server on standard input and output, or one of its commands."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import sys

from ai_lsp import __version__
from ai_lsp.lsp.handshake import initialize_result, is_initialize
from ai_lsp.lsp.transport import StdioReader, StdioWriter

COMMANDS = ("check", "demo", "doctor", "index", "replay", "setup", "stats")
"""Each is a module of ai_lsp.cli with a `main(argv) -> int`."""

SWITCH_S = 0.0005
"""Seconds a thread may keep the interpreter from the loop: Python's own 5 ms would be felt at every key while
something is gathered or matched aside."""

USAGE = f"""usage: ai-lsp [--stdio]            the language server, as an editor starts it
       ai-lsp {{{",".join(COMMANDS)}}} …   `ai-lsp COMMAND --help` says more
       ai-lsp --version | --help
"""

ABOUT = {"--version": f"ai-lsp {__version__}\n", "--help": USAGE, "-h": USAGE}
"""What is only asked about the program."""


def main(argv: list[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments and arguments[0] in COMMANDS:
        module = importlib.import_module(f"ai_lsp.cli.{arguments[0]}")
        return int(module.main(arguments[1:]))
    if arguments and arguments[0] in ABOUT:
        sys.stdout.write(ABOUT[arguments[0]])
        return 0
    unknown = [a for a in arguments if a != "--stdio" and not a.startswith("--clientProcessId")]
    if unknown or (not arguments and sys.stdin.isatty()):
        sys.stderr.write(USAGE if not unknown else f"ai-lsp: unknown argument {unknown[0]!r}\n{USAGE}")
        return 2 if unknown else 0
    return serve_stdio()


def serve_stdio() -> int:
    """Serve until `exit`; returns the exit code. The wire is kept for the server: stray prints go to stderr.

    Importing pygls and lsprotocol takes most of a language server's start-up. The answer to `initialize`
    needs neither, so it goes out at once and the import runs while the editor is busy with it.
    """
    wire = os.dup(1)
    os.dup2(2, 1)
    reader, writer = StdioReader(0), StdioWriter(wire)
    first = reader.first()
    if first is None:
        return 1
    early = first if is_initialize(first) else None
    if early is not None:
        writer.send(
            {"jsonrpc": "2.0", "id": early["id"], "result": initialize_result(__version__, early["params"])}
        )
    else:
        reader.put_back(first)
    gc.disable()  # the import builds thousands of classes, and none of them is garbage
    from ai_lsp.lsp.logs import LOG_FORMAT
    from ai_lsp.server import serve

    gc.enable()
    gc.freeze()
    sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(20_000, 20, 100)  # a full collection stops the loop for 10 ms; most keys need none
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format=LOG_FORMAT)
    logging.getLogger("pygls").setLevel(logging.ERROR)  # it logs whole messages, which hold the user's text
    try:
        code = asyncio.run(serve(reader, writer, early))
    except KeyboardInterrupt:
        code = 130
    writer.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
