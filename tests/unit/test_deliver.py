"""Delivery into every captured editor: who asks the user, what goes on the wire, what happens while they type."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli.text_mirror import TextMirror
from ai_lsp.lsp import features
from ai_lsp.lsp.deliver import Consent, Ending, choose, deliver, show, single_file
from ai_lsp.lsp.progress import Progress
from ai_lsp.lsp.protocol import ClientRefused
from ai_lsp.lsp.session import Session
from ai_lsp.text.change import FileChange, WorkspaceChange
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

CLIENTS = sorted((Path(__file__).parents[1] / "clients").glob("*.json"))
NAMES = [path.name.partition(".initialize")[0] for path in CLIENTS]
TEXT = "grüße = '😀'\ndef area(r):\n    return r\n"
AT = TEXT.index("return r") + len("return ")


class Editor:
    """An editor in memory, of one captured client: applies versioned edits, answers questions from a list."""

    def __init__(self) -> None:
        self.session: Session
        self.documents: dict[str, TextMirror] = {}
        self.asked: list[tuple[str, Any]] = []
        self.said: list[tuple[str, Any]] = []
        self.answers: list[Any] = []
        self.before_apply: list[Callable[[], None]] = []
        self.apply: Callable[[Any], Any] = self._apply

    def notify(self, method: str, params: Any = None) -> None:
        self.said.append((method, params))

    async def ask(self, method: str, params: Any, timeout_s: float) -> Any:
        try:
            return await self.request(method, params, timeout_s)
        except (ClientRefused, TimeoutError):
            return None

    async def request(self, method: str, params: Any, timeout_s: float) -> Any:
        self.asked.append((method, params))
        await asyncio.sleep(0)
        match method:
            case "workspace/applyEdit":
                if self.before_apply:
                    self.before_apply.pop(0)()
                return self.apply(params)
            case "window/showMessageRequest":
                answer = self.answers.pop(0)
                return {"title": answer} if answer in [a["title"] for a in params["actions"]] else answer
            case "window/showDocument":
                return {"success": True}
        return None

    def open(self, uri: str, text: str) -> DocumentSnapshot:
        self.documents[uri] = TextMirror(uri, "python", text)
        self.session.opened(uri, 1, "python", text)
        return self.session.documents.get(uri)  # type: ignore[return-value]

    def type(self, uri: str, start: int, end: int, text: str) -> None:
        change = self.documents[uri].replace(start, end, text)
        self.session.changed(uri, self.documents[uri].version, [change])

    def _apply(self, params: Any) -> Any:
        edit = params["edit"]
        parts = [(c["textDocument"], c["edits"]) for c in edit.get("documentChanges", []) if "edits" in c]
        parts += [({"uri": uri}, edits) for uri, edits in edit.get("changes", {}).items()]
        for document, _ in parts:
            mirror = self.documents.get(document["uri"])
            if mirror is None or document.get("version") not in (None, mirror.version):
                return {"applied": False, "failureReason": "another version"}
        for document, edits in parts:
            mirror = self.documents[document["uri"]]
            spans = [
                (*(mirror.offset(**e["range"][side]) for side in ("start", "end")), e["newText"]) for e in edits
            ]
            for start, end, text in sorted(spans, reverse=True):
                self.type(document["uri"], start, end, text)
        return {"applied": True}

    def questions(self) -> list[str]:
        return [params["message"] for method, params in self.asked if method == "window/showMessageRequest"]

    def sent(self) -> list[Any]:
        return [params["edit"] for method, params in self.asked if method == "workspace/applyEdit"]


def editor_of(capture: Path, root: Path) -> Editor:
    params = json.loads(capture.read_text(encoding="utf-8"))
    params |= {"workspaceFolders": [{"uri": root.as_uri(), "name": "x"}], "rootUri": root.as_uri()}
    editor = Editor()
    editor.session = Session(editor)
    editor.session.begin(features.resolve(params))
    return editor


def client(name: str) -> Path:
    return next(path for path in CLIENTS if name in path.name)


@pytest.fixture(params=CLIENTS, ids=NAMES)
async def editor(request: pytest.FixtureRequest, tmp_path: Path) -> Editor:
    return editor_of(request.param, tmp_path)


def square(snapshot: DocumentSnapshot) -> WorkspaceChange:
    return single_file("square it", snapshot, [Edit(Span(AT, AT + 1), "r ** 2")])


WANTED = TEXT.replace("return r", "return r ** 2")


async def test_each_editor_asks_its_user_in_its_own_way(editor: Editor, tmp_path: Path) -> None:
    uri = (tmp_path / "a.py").as_uri()
    editor.answers = ["Apply"]
    delivered = await deliver(editor.session, square(editor.open(uri, TEXT)))
    assert delivered.ending is Ending.APPLIED
    assert editor.documents[uri].text == WANTED
    (edit,) = editor.sent()
    features_ = editor.session.features
    if features_.has_annotations:
        (annotation,) = edit["changeAnnotations"].values()
        assert annotation == {"label": "square it", "needsConfirmation": True}
        assert {e["annotationId"] for e in edit["documentChanges"][0]["edits"]} == set(edit["changeAnnotations"])
    else:
        assert "changeAnnotations" not in edit
    if features_.has_document_changes:
        assert edit["documentChanges"][0]["textDocument"] == {"uri": uri, "version": 1}
    else:
        assert list(edit) == ["changes"]
    is_asked_here = not features_.has_annotations and not features_.confirms_itself
    assert editor.questions() == (["ai-lsp: square it: 1 edit in a.py."] if is_asked_here else [])


def test_who_asks_in_which_editor(tmp_path: Path) -> None:
    found = {name: editor_of(path, tmp_path).session.features for path, name in zip(CLIENTS, NAMES, strict=True)}
    rows = {n: (f.has_document_changes, f.has_annotations, f.confirms_itself) for n, f in found.items()}
    assert rows == {
        "emacs-30.1-eglot-1.17.30": (True, False, True),
        "emacs-30.1-lsp-mode-10.0.0": (True, False, False),
        "helix-25.07.1": (True, False, False),
        "neovim-0.11.4": (True, False, False),
        "neovim-0.12.4": (True, True, False),
        "vscode-1.139.1-languageclient-11": (True, True, False),
    }


async def test_an_edit_that_was_seen_is_not_asked_about_again(editor: Editor, tmp_path: Path) -> None:
    uri = (tmp_path / "a.py").as_uri()
    delivered = await deliver(editor.session, square(editor.open(uri, TEXT)), Consent.GIVEN)
    assert (delivered.ending, editor.questions()) == (Ending.APPLIED, [])
    annotations = editor.sent()[0].get("changeAnnotations", {})
    assert not any(a["needsConfirmation"] for a in annotations.values())


@pytest.mark.parametrize("answer", ["Discard", None, "Nonsense"])
async def test_every_other_answer_than_apply_leaves_the_text(answer: str | None, tmp_path: Path) -> None:
    editor = editor_of(client("helix"), tmp_path)
    editor.answers = [answer]
    snapshot = editor.open((tmp_path / "a.py").as_uri(), TEXT)
    delivered = await deliver(editor.session, square(snapshot))
    assert (delivered.ending, editor.sent()) == (Ending.DISCARDED, [])


async def test_show_opens_the_diff_and_asks_again(tmp_path: Path) -> None:
    editor = editor_of(client("helix"), tmp_path)
    editor.answers = ["Show", "Apply"]
    snapshot = editor.open((tmp_path / "a.py").as_uri(), TEXT)
    assert (await deliver(editor.session, square(snapshot))).ending is Ending.APPLIED
    ((_, shown),) = [each for each in editor.asked if each[0] == "window/showDocument"]
    path = Path(shown["uri"].removeprefix("file://"))
    assert path.read_text(encoding="utf-8").endswith("-    return r\n+    return r ** 2\n")
    assert path.parent.stat().st_mode & 0o077 == 0
    assert len(editor.questions()) == 2
    await editor.session.aclose()
    assert not path.exists()


async def test_protected_files_are_named_even_where_the_editor_asks_itself(
    editor: Editor, tmp_path: Path
) -> None:
    uri = (tmp_path / ".github/workflows/ci.py").as_uri()
    snapshot = editor.open(uri, TEXT)
    editor.answers = ["Discard"]
    for consent in Consent:
        editor.answers = ["Discard"]
        assert (await deliver(editor.session, square(snapshot), consent)).ending is Ending.DISCARDED
    expected = (
        "ai-lsp: square it: 1 edit in .github/workflows/ci.py. .github/workflows/ci.py is read by the code host"
    )
    assert all(question.startswith(expected) for question in editor.questions())
    assert len(editor.questions()) == 2
    assert editor.sent() == []


async def test_code_that_is_marked_as_dangerous_is_asked_about_even_where_the_edit_was_seen(
    editor: Editor, tmp_path: Path
) -> None:
    uri = (tmp_path / "a.py").as_uri()
    text = TEXT + "\n\n# ai-lsp: dangerous\ndef pay(r):\n    return r\n"
    snapshot = editor.open(uri, text)
    at = text.rindex("r\n")
    editor.answers = ["Discard"]
    risky = single_file("square it", snapshot, [Edit(Span(at, at + 1), "r ** 2")])
    assert (await deliver(editor.session, risky, Consent.GIVEN)).ending is Ending.DISCARDED
    expected = "ai-lsp: square it: 1 edit in a.py. a.py is marked `ai-lsp: dangerous` where the edit is."
    assert editor.questions() == [expected]
    assert editor.sent() == []
    # The same file outside of that function is as any other.
    assert (await deliver(editor.session, square(snapshot), Consent.GIVEN)).ending is Ending.APPLIED
    assert len(editor.questions()) == 1


async def test_what_the_user_typed_meanwhile_moves_the_edit(editor: Editor, tmp_path: Path) -> None:
    """The first try meets a newer version; the second is moved, and the user is not asked again."""
    uri = (tmp_path / "a.py").as_uri()
    editor.answers = ["Apply"]
    snapshot = editor.open(uri, TEXT)
    editor.before_apply = [lambda: editor.type(uri, 0, 0, "# typed\n")]
    assert (await deliver(editor.session, square(snapshot))).ending is Ending.APPLIED
    assert editor.documents[uri].text == "# typed\n" + WANTED
    assert len(editor.sent()) == 2
    assert len(editor.questions()) <= 1


async def test_typing_into_the_place_of_the_edit_makes_it_outdated(editor: Editor, tmp_path: Path) -> None:
    uri = (tmp_path / "a.py").as_uri()
    snapshot = editor.open(uri, TEXT)
    editor.type(uri, AT, AT + 1, "radius")
    delivered = await deliver(editor.session, square(snapshot))
    assert delivered.ending is Ending.OUTDATED
    assert "a.py" in delivered.detail
    assert editor.asked == []


async def test_an_editor_that_says_applied_and_did_nothing_is_found_out(tmp_path: Path) -> None:
    editor = editor_of(client("neovim-0.12"), tmp_path)
    uri = (tmp_path / "a.py").as_uri()
    snapshot = editor.open(uri, TEXT)
    answers = [{"applied": True}]
    apply = editor.apply
    editor.apply = lambda params: answers.pop() if answers else apply(params)
    editor.before_apply = [lambda: editor.type(uri, 0, 0, "# typed\n")]
    assert (await deliver(editor.session, square(snapshot))).ending is Ending.APPLIED
    assert editor.documents[uri].text == "# typed\n" + WANTED


async def test_a_refusal_is_the_users_no_only_where_the_editor_asks(tmp_path: Path) -> None:
    def refuse(params: Any) -> Any:
        raise ClientRefused("User canceled server edit")

    for name, consent, ending in (
        ("eglot", Consent.TO_ASK, Ending.DISCARDED),
        ("eglot", Consent.GIVEN, Ending.REFUSED),
        ("lsp-mode", Consent.GIVEN, Ending.REFUSED),
    ):
        editor = editor_of(client(name), tmp_path)
        editor.apply = refuse
        snapshot = editor.open((tmp_path / "a.py").as_uri(), TEXT)
        delivered = await deliver(editor.session, square(snapshot), consent)
        assert delivered.ending is ending
        assert bool(delivered.detail) == (ending is Ending.REFUSED)


async def test_several_files_are_one_edit_and_a_new_one_is_created_where_that_is_known(
    editor: Editor, tmp_path: Path
) -> None:
    one, two = (tmp_path / "a.py").as_uri(), (tmp_path / "b.py").as_uri()
    files = square(editor.open(one, TEXT)).files
    empty = DocumentSnapshot(two, 0, "python", "")
    new = FileChange(empty, (Edit(Span(0, 0), "x = 1\n"),), is_open=False, is_new=True)
    editor.documents[two] = TextMirror(two, "python", "")
    editor.answers = ["Apply"]
    assert (await deliver(editor.session, WorkspaceChange("split", (*files, new)))).ending is Ending.APPLIED
    (edit,) = editor.sent()
    kinds = [part.get("kind", "edit") for part in edit["documentChanges"]]
    assert kinds == (["edit", "create", "edit"] if editor.session.features.can_create_files else ["edit", "edit"])
    assert edit["documentChanges"][-1]["textDocument"] == {"uri": two, "version": None}
    assert editor.questions() in ([], ["ai-lsp: split: 1 edit in a.py, the new file b.py."])


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (".env", "is ignored"),
        ("private/a.py", "is ignored"),
        ("readonly.py", "is read-only"),
        ("../elsewhere.py", "outside of the workspace"),
        ("link/a.py", "outside of the workspace"),
    ],
)
async def test_no_edit_is_ever_sent_for_such_a_file(name: str, why: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "private").mkdir(parents=True)
    (root / ".gitignore").write_text("private/\n")
    (root / "readonly.py").write_text(TEXT)
    (root / "readonly.py").chmod(0o444)
    (root / "link").symlink_to(tmp_path)
    editor = editor_of(client("vscode"), root)
    closed = DocumentSnapshot(f"{root.as_uri()}/{name}", 0, "python", TEXT)
    change = WorkspaceChange("x", (FileChange(closed, (Edit(Span(0, 0), "y"),), is_open=False),))
    delivered = await deliver(editor.session, change)
    assert delivered.ending is Ending.REFUSED
    assert why in delivered.detail
    assert editor.asked == []


async def test_a_choice_is_one_of_those_offered(tmp_path: Path) -> None:
    editor = editor_of(client("vscode"), tmp_path)
    editor.answers = ["two", None, {"title": "five"}]
    assert await choose(editor.session, "which?", ["one", "two"]) == "two"
    assert await choose(editor.session, "which?", ["one", "two"]) is None
    assert await choose(editor.session, "which?", ["one", "two"]) is None


async def test_show_selects_in_utf16(editor: Editor, tmp_path: Path) -> None:
    uri = (tmp_path / "a.py").as_uri()
    snapshot = editor.open(uri, TEXT)
    smile = TEXT.index("😀")
    assert await show(editor.session, uri, snapshot, Span(smile, smile + 1))
    assert editor.asked[-1][1]["selection"]["end"] == {"line": 0, "character": 11}


async def test_a_work_reports_and_its_button_ends_it(editor: Editor) -> None:
    is_cancelled = asyncio.Event()

    async def work(progress: Progress) -> str:
        progress.report("at the first half", 50)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            is_cancelled.set()
            raise
        return ""

    task = editor.session.works.start("Edit", work)
    for _ in range(5):
        await asyncio.sleep(0)
    ((_, created),) = [each for each in editor.asked if each[0] == "window/workDoneProgress/create"]
    editor.session.works.cancel("of someone else")
    editor.session.works.cancel(created["token"])
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_cancelled.is_set()
    values = [params["value"] for method, params in editor.said if method == "$/progress"]
    assert values[0]["kind"] == "begin"
    assert values[0]["message"] == "at the first half"
    assert values[-1] == {"kind": "end", "message": "cancelled"}


async def test_a_work_that_fails_is_told(editor: Editor) -> None:
    async def work(progress: Progress) -> str:
        raise ZeroDivisionError

    await editor.session.works.start("Edit", work)
    assert "did not work" in editor.said[-1][1]["message"] or "did not work" in editor.said[0][1]["message"]
