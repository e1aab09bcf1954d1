"""What the server pushes of a document: features publish apart, the editor gets one list."""

from __future__ import annotations

from typing import Any

from ai_lsp.lsp.published import Published

A, B = {"message": "a"}, {"message": "b"}


def make() -> tuple[Published, list[Any]]:
    sent: list[Any] = []

    def notify(method: str, params: Any = None) -> None:
        assert method == "textDocument/publishDiagnostics"
        sent.append(params)

    return Published(notify), sent


def test_two_features_share_one_list() -> None:
    published, sent = make()
    published.publish("review", "file:///a.py", [A])
    published.publish("next-edit", "file:///a.py", [B], version=4)
    published.publish("review", "file:///a.py", [])
    assert [each["diagnostics"] for each in sent] == [[A], [A, B], [B]]
    assert sent[1]["version"] == 4


def test_what_is_the_same_is_not_sent_again() -> None:
    published, sent = make()
    published.publish("review", "file:///a.py", [])
    published.publish("review", "file:///a.py", [A])
    published.publish("review", "file:///a.py", [A])
    assert len(sent) == 1
    assert published.of("review", "file:///a.py") == (A,)


def test_a_closed_document_is_cleared_once() -> None:
    published, sent = make()
    published.publish("review", "file:///a.py", [A])
    published.forget("file:///a.py")
    published.forget("file:///a.py")
    assert [each["diagnostics"] for each in sent] == [[A], []]
