"""The process that knows the workspace: reads files and history, follows what is open, and says what matters for
a place.

    python -m ai_lsp.context.workspace.worker

Messages over stdin and stdout, as context/wire.py writes them:
["start", roots, patterns, most_files], ["rules", [[path, text]…]], ["files", [path…]],
["open", uri, path, name, language, text], ["more", uri, text] (it goes on), ["edit", uri, [[start, end, text]…]],
["close", uri], ["gather", number, question] → ["answer", number, answer] (rows of asked.py, or null);
["status", state, files, symbols] on its own. Paths are absolute. It ends with its input.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from typing import IO

from ai_lsp.context import git, wire
from ai_lsp.context.place import Rules
from ai_lsp.context.workspace.asked import question_of
from ai_lsp.context.workspace.cochange import COMMAND
from ai_lsp.context.workspace.files import Workspace
from ai_lsp.context.workspace.open_documents import OpenDocuments

GIT_S = 20.0

Inbox = queue.SimpleQueue["wire.Message | None"]


class Worker:
    """What the process knows, and what it does with each message."""

    def __init__(self, inbox: Inbox) -> None:
        self.documents = OpenDocuments()
        self.workspace = Workspace(self.documents.by_path)
        self._inbox = inbox
        self._histories = 0  # git processes that have not answered

    @property
    def state(self) -> str:
        """As `ai-lsp.status` names it."""
        return "indexing" if self.workspace.has_work or self._histories else "ready"

    def status(self) -> wire.Message:
        """The message that says where things stand."""
        files = sum(len(root.known) for root in self.workspace.roots)
        return ["status", self.state, files, len(self.workspace.table)]

    def handle(self, message: wire.Message) -> wire.Message | None:
        """Take one message in; the answer to a question."""
        documents, workspace = self.documents, self.workspace
        match message:
            case ["gather", int(number), list(row)]:
                found = documents.gather(question_of(row), workspace)
                return ["answer", number, None if found is None else found.row()]
            case ["edit", str(uri), list(rows)]:
                documents.change(uri, rows)
            case ["open", str(uri), str(path), str(name), str(language), str(text)]:
                documents.open(uri, path, name, language, text)
            case ["more", str(uri), str(text)]:
                documents.extend(uri, text)
            case ["close", str(uri)]:
                if path := documents.close(uri):
                    workspace.changed(path)
            case ["files", list(paths)]:
                for path in paths:
                    workspace.changed(str(path))
            case ["rules", list(rows)]:
                documents.rules = tuple(Rules(str(path), str(text)) for path, text in rows)
            case ["start", list(roots), list(patterns), int(most)]:
                workspace.start(roots, patterns, most)
                self._read_histories([root.files.root for root in workspace.roots])
            case ["history", str(folder), bytes(log)]:
                self._histories -= 1
                workspace.history(folder, log)
        return None

    def _read_histories(self, folders: list[str]) -> None:
        """Ask git in a thread: of a large history it takes seconds to answer."""
        self._histories += len(folders)

        def read() -> None:
            for folder in folders:
                self._inbox.put(["history", folder, git.read(folder, COMMAND, limit_s=GIT_S) or b""])

        threading.Thread(target=read, name="git", daemon=True).start()


def main() -> int:
    """Serve until the end of the input."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(5)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # stray prints go to stderr
    inbox: Inbox = queue.SimpleQueue()
    threading.Thread(target=_read_into, args=(inbox,), name="wire", daemon=True).start()
    worker, told = Worker(inbox), ""
    while True:
        try:
            message = inbox.get(block=not worker.workspace.has_work)
        except queue.Empty:
            worker.workspace.step()
        else:
            if message is None:
                return 0
            if (answer := worker.handle(message)) is not None:
                _send(out, answer)
        if worker.state != told:
            told = worker.state
            _send(out, worker.status())


def _read_into(inbox: Inbox) -> None:
    try:
        while (message := wire.read(sys.stdin.buffer)) is not None:
            inbox.put(message)
    except OSError:
        pass
    inbox.put(None)


def _send(out: IO[bytes], message: wire.Message) -> None:
    out.write(wire.pack(message))
    out.flush()


if __name__ == "__main__":
    sys.exit(main())
