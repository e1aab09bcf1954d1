"""The reviewer's own process: tasks in, findings out, a JSON object a line, whatever it costs.

`{"id", "op": "text", "task"}` is answered with `{"id", "findings"}`; `{"id", "op": "files", …}` with a line for
each file and `{"id", "done": true}`, or `{"id", "failed": sentence}`. Closing its input ends it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ai_lsp.context.languages import language_of
from ai_lsp.context.workspace_files import WorkspaceFiles, read_source
from ai_lsp.diagnostics.changes import Changed, NoChanges, changed_files, text_at_head, text_before
from ai_lsp.diagnostics.danger import danger_lines
from ai_lsp.diagnostics.hotspots import hot_lines
from ai_lsp.diagnostics.lines import Lines
from ai_lsp.diagnostics.model_review import regions_of
from ai_lsp.diagnostics.review import Hot, review
from ai_lsp.diagnostics.rewrites import Rewrites
from ai_lsp.diagnostics.source import read
from ai_lsp.diagnostics.task import Task
from ai_lsp.diagnostics.wire import finding_to_json, task_from_json
from ai_lsp.text.document import split_lines


def main() -> int:
    """Serve until the input ends."""
    wire = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # a stray print must not be read as an answer
    if hasattr(os, "nice"):
        os.nice(5)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        for answer in answers(request):
            wire.write(json.dumps({"id": request["id"], **answer}) + "\n")
            wire.flush()
    return 0


def answers(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The answers to one request; a fault of ours is an answer too."""
    try:
        if request["op"] == "text":
            task = task_from_json(request["task"])
            if task.changed is None:
                task = _since(task)
            shown = [finding_to_json(f, task.text) for f in review(task, _hot_in(task.root))]
            urgent = _urgent(task.path, task.language_id, task.text, task.root) if request.get("urgent") else []
            yield {"findings": shown, "changed": sorted(task.changed or ()), "urgent": urgent, "done": True}
        else:
            yield from _files(request)
            yield {"done": True}
    except NoChanges as error:
        yield {"failed": str(error)}
    except Exception as error:  # noqa: BLE001 - the edge
        sys.stderr.write(f"review failed: {error!r}\n")
        yield {"failed": f"the review failed ({type(error).__name__})"}


def _urgent(path: str, language_id: str, text: str, root: str) -> list[int]:
    """The lines of dangerous code and of hot spots: what a model looks at first."""
    source = read(path, language_id, text)
    if source is None:
        return []
    return sorted(danger_lines(source, Lines(text).starts) | hot_lines(source, root))


def _hot_in(root: str) -> Hot:
    return lambda source: hot_lines(source, root)


def _since(task: Task) -> Task:
    """The task with what changed since the last commit, else since the text that the editor opened."""
    at_head = text_at_head(task.root, task.path) if task.root else None
    before = task.before if at_head is None else at_head
    if before is None:
        return task
    return replace(task, before=before or None, changed=Rewrites(before, task.text).lines)


def _files(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Review files on disk: those of a diff, or those under paths; open documents go before the disk."""
    root, revision = request["root"], request.get("diff")
    files: WorkspaceFiles
    if revision is not None:
        top, changed = changed_files(root, revision)
        files = WorkspaceFiles(top, patterns=tuple(request["ignore"]))
        paths = [os.path.realpath(os.path.join(root, p)) for p in request["paths"]]
        wanted = [c for c in changed if _is_under(os.path.join(files.root, c.path), paths)]
    else:
        files = WorkspaceFiles(root, patterns=tuple(request["ignore"]))
        wanted = list(_under(files, request["paths"]))
    yield {"total": len(wanted)}
    for each in wanted:
        yield _one(request, files, each, revision is not None)


def _one(request: dict[str, Any], files: WorkspaceFiles, each: Changed, is_diff: bool) -> dict[str, Any]:
    path = os.path.join(files.root, each.path)
    if language_of("", each.path) is None:
        return {"file": path, "skipped": "no grammar for its language"}
    if not files.may_read(path):
        return {"file": path, "skipped": "ignored"}
    text = request["open"].get(path)
    if text is None and (text := read_source(path, request["largest"])) is None:
        return {"file": path, "skipped": "binary, generated, a link or larger than review.max_file_kb"}
    raw = {
        "path": each.path,
        "language_id": "",
        "text": text,
        "root": files.root,
        "changed": sorted(each.lines) if is_diff else None,
        "disabled": request["disabled"],
        "only_changed": is_diff,
        "before": text_before(files.root, each) if is_diff else None,
    }
    findings = review(task_from_json(raw), _hot_in(files.root))
    lines = text.count("\n") + 1
    shown = [finding_to_json(f, text) for f in findings]
    rows = [line.rstrip("\r\n") for line in split_lines(text)]
    urgent = _urgent(each.path, "", text, files.root) if request["regions"] else []
    regions = regions_of(path, rows, sorted(each.lines), urgent) if request["regions"] else []
    return {
        "file": path,
        "path": each.path,
        "lines": len(each.lines) if is_diff else lines,
        "findings": shown,
        "text": text if shown or request["regions"] else "",
        "regions": [[r.first, r.lines, r.is_urgent] for r in regions],
    }


def _under(files: WorkspaceFiles, paths: list[str]) -> Iterator[Changed]:
    """The files that are named or lie in folders that are named; every file of the root where none is."""
    absolute = [os.path.realpath(os.path.join(files.root, p)) for p in paths]
    for path in absolute:
        if not os.path.exists(path):
            raise NoChanges(f"there is no file or folder {path}")
    named = [p for p in absolute if os.path.isfile(p)]
    for path in named:
        yield Changed(os.path.relpath(path, files.root).replace(os.sep, "/"), frozenset())
    folders = [p for p in absolute if os.path.isdir(p)]
    if folders or not paths:
        for found in files.walk():
            if found.path not in named and _is_under(found.path, folders):
                yield Changed(os.path.relpath(found.path, files.root).replace(os.sep, "/"), frozenset())


def _is_under(path: str, paths: list[str]) -> bool:
    return not paths or any(path == p or path.startswith(p.rstrip("/") + "/") for p in paths)


if __name__ == "__main__":
    sys.exit(main())
