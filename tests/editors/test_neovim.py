"""Neovim 0.12 and 0.11 as a user has them: our shipped files, the real server on the wire.

The screen says what the user sees, the file's bytes what they got, the wire what the server was told.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.editors.install import REPOSITORY
from tests.editors.place import ModelProcess, Place, code_blocks, unused_port, wait_for_bytes
from tests.editors.samples import GO, NOTES, READERS, ROWS, ROWS_REPLY, ROWS_TYPED, TOTALS
from tests.editors.screen import Screen
from tests.editors.terminal import coloured, text_of

GHOST = "#0f8fef"
"""The colour that neovim.lua gives to ghost text and to nothing else."""

README = REPOSITORY / "editors" / "neovim" / "README.md"
TEST_SETTINGS = Path(__file__).with_name("neovim.lua")


@dataclass(frozen=True, slots=True)
class Case:
    """Text with the cursor at `▮`, keys typed there, and how the suggestion that then stands must begin."""

    name: str
    text: str
    typed: str
    ghost: str
    file: str = "shop.py"
    line_end: str = "\n"


CASES = [
    Case("end of a line", READERS + "def load_coupons(path):\n▮\n", "    with op", "en(path"),
    Case("middle of a line", TOTALS + "def fee_total(order):\n    return sum(▮)\n", "line.fee for l", "ine in"),
    Case("CRLF", READERS + "def load_coupons(path):\n▮\n", "    with op", "en(path", line_end="\r\n"),
    Case(
        "tabs",
        GO + "func Coupons(path string) {\n\tdata, err := os.ReadFile(path)\n▮\n}\n",
        "\tif er",
        "r != nil {",
        file="shop.go",
    ),
    Case(
        "astral text before the cursor",
        "def greet(order, settings):\n" + NOTES + "▮\n",
        '    announce("🎉 grüße, 世界 👩‍👩‍👧", order.fee, set',
        "tings",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_ghost_text_is_shown_accepted_and_right(case: Case, place: Place, nvim: Path) -> None:
    before, after = case.text.split("▮")
    path = place.write(case.file, case.text.replace("▮", "").replace("\n", case.line_end))
    with editing(place, nvim, path, before) as screen:
        type_in_insert_mode(screen, case.typed)
        item = wait_for_ghost(screen, place, before + case.typed, case.ghost)
        screen.press("Tab")
        wait_for_acceptance(place, item)
        save(screen)
        expected = before + case.typed + item["insertText"] + after
        wait_for_bytes(path, expected.replace("\n", case.line_end).encode())


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_several_lines_of_a_users_own_model_are_accepted_whole(
    line_end: str, place: Place, nvim: Path, model: ModelProcess
) -> None:
    """The README's settings for a model server; CRLF because Neovim keeps every `\\r` of a suggestion."""
    model.reply(ROWS_REPLY)
    before, after = ROWS.split("▮")
    path = place.write("table.py", (before + after).replace("\n", line_end))
    with editing(place, nvim, path, before, of_the_model(model.url)) as screen:
        screen.type(ROWS_TYPED)
        item = wait_for_ghost(screen, place, before + ROWS_TYPED, ROWS_REPLY.rstrip())
        screen.press("Tab")
        wait_for_acceptance(place, item)
        save(screen)
        expected = before + ROWS_TYPED + item["insertText"] + after
        wait_for_bytes(path, expected.replace("\n", line_end).encode())
        assert model.requests(), "the suggestion came from the model"


@pytest.mark.parametrize("typed_into", ["", "pa"], ids=["at once", "typed into"])
def test_a_bracket_that_the_suggestion_closes_itself_is_not_doubled(
    typed_into: str, place: Place, nvim: Path, model: ModelProcess
) -> None:
    """The range then covers the bracket: Neovim draws over it, and our key must not lose it when typed into."""
    model.reply('path,\n        newline="",\n    )\n')
    before, after = "import csv\n\n\ndef rows(path):\n    return open(", ")\n"
    path = place.write("table.py", before + after)
    with editing(place, nvim, path, before, of_the_model(model.url)) as screen:
        screen.wait_for_text('        newline="",')
        item = last_item(place)
        assert item["range"]["end"]["character"] - item["range"]["start"]["character"] == len(")")
        screen.type(typed_into, pause_s=0)
        screen.press("Tab")
        wait_for_acceptance(place)
        save(screen)
        wait_for_bytes(path, accepted(place, before + typed_into, after).encode())


def test_a_model_that_is_not_there_is_told_once_and_does_not_stop_the_typing(place: Place, nvim: Path) -> None:
    before = READERS + "def load_coupons(path):\n"
    path = place.write("shop.py", before + "\n")
    nobody = code_blocks(README, "lua", f"http://127.0.0.1:{unused_port()}")[1]
    with editing(place, nvim, path, before, nobody) as screen:
        screen.type("    with op")
        wait_for_ghost(screen, place, before + "    with op", "en(path")
        screen.type("en(pa")
        item = wait_for_ghost(screen, place, before + "    with open(pa", "th")
        screen.press("Tab")
        wait_for_acceptance(place, item)
        screen.press("Escape")
        screen.wait_for_text("… :AiLspMessages")
        screen.type(":w\n", pause_s=0)
        wait_for_bytes(path, (before + "    with open(pa" + item["insertText"] + "\n").encode())
        assert len(place.wire.requests("window/showMessage")) == 1
        screen.type(":AiLspMessages\n", pause_s=0)
        shown = "Starttheserver"  # the screen breaks the message anywhere
        screen.wait_for(lambda rows: shown in "".join(map(text_of, rows)).replace(" ", ""), "the whole message")


def test_why_says_why_nothing_stands_there(place: Place, nvim: Path) -> None:
    path = place.write("shop.py", READERS)
    with editing(place, nvim, path, READERS) as screen:
        screen.type("zzqx")
        asked = "textDocument/inlineCompletion"
        place.wire.wait_for(lambda: bool(place.wire.requests(asked)), asked)
        screen.press("Escape")
        screen.type(":AiLspWhy\n", pause_s=0)
        screen.wait_for_text("No suggestion in shop.py: ")


def test_a_long_answer_never_asks_for_enter(place: Place, nvim: Path) -> None:
    path = place.write("shop.py", READERS)
    with editing(place, nvim, path, READERS) as screen:
        screen.press("Escape")
        screen.type(":set columns=60\n", pause_s=0)
        screen.type(":AiLspWhy\n", pause_s=0)
        screen.wait_for_text("╭")
        assert "ENTER" not in screen.picture()
        screen.press("k")
        screen.wait_for(lambda rows: "╭" not in screen.picture(), "the window is gone with the next move")


def test_what_other_files_say_is_suggested_in_a_new_one(place: Place, nvim: Path) -> None:
    for number, reader in enumerate(READERS.split("\n\n\n")[:-1]):
        place.write(f"shop/part{number}.py", reader + "\n")
    before = "def load_coupons(path):\n"
    path = place.write("shop/coupons.py", before + "\n")
    with editing(place, nvim, path, before) as screen:
        screen.type("    with op")
        item = wait_for_ghost(screen, place, before + "    with op", "en(")
        screen.press("Tab")
        wait_for_acceptance(place, item)
        save(screen)
        wait_for_bytes(path, (before + "    with op" + item["insertText"] + "\n").encode())


def test_what_was_typed_into_the_suggestion_does_not_stand_twice(place: Place, nvim: Path) -> None:
    """What is drawn follows the keys before the server has answered them, and so must what is taken."""
    before = READERS + "def load_coupons(path):\n"
    path = place.write("shop.py", before + "\n")
    with editing(place, nvim, path, before) as screen:
        screen.type("    with op")
        wait_for_ghost(screen, place, before + "    with op", "en(path")
        screen.type("en(", pause_s=0)
        screen.press("Tab")
        wait_for_acceptance(place)
        save(screen)
        wait_for_bytes(path, accepted(place, before + "    with open(", "\n").encode())


@pytest.mark.parametrize(
    ("which", "after", "words"),
    [
        ("nvim", "\n", ["path", ",", "\n        größe", "="]),
        ("nvim", ")\n", ["path"]),
        ("old_nvim", "\n", ["path", ","]),
    ],
    ids=["over a line's end", "before a bracket that the range covers", "in 0.11"],
)
def test_a_suggestion_can_be_taken_word_by_word(
    which: str, after: str, words: list[str], place: Place, model: ModelProcess, request: pytest.FixtureRequest
) -> None:
    nvim = request.getfixturevalue(which)
    suggestion = 'path,\n        größe=["x"],\n    )'
    model.reply(suggestion)
    before = "import csv\n\n\ndef rows(path):\n    return open("
    path = place.write("table.py", before + after)
    with editing(place, nvim, path, before, of_the_model(model.url)) as screen:
        taken = ""
        for word in words:
            item = wait_for_ghost(screen, place, before + taken, suggestion.removeprefix(taken), is_drawn=False)
            screen.wait_for_text('["x"],')
            screen.press("M-w")
            taken += word
            told = "textDocument/didPartiallyAcceptCompletion"
            place.wire.wait_for(lambda: len(place.wire.requests(told)) == words.index(word) + 1, told)
            partial = place.wire.requests(told)[-1]["params"]
            assert partial["item"]["insertText"][: partial["acceptedLength"]].endswith(word)
            assert partial["item"]["command"]["command"] == item["command"]["command"]
        save(screen)
        wait_for_bytes(path, (before + taken + after).encode())
        assert not place.wire.requests("workspace/executeCommand")


def test_a_suggestion_follows_the_keys_and_goes_with_the_first_that_says_otherwise(
    place: Place, nvim: Path, model: ModelProcess
) -> None:
    """The model is slow: what is on the screen between two keys is Neovim's own doing."""
    model.reply("path, newline=mode)\n", first_token_ms=30)
    before = "import csv\n\n\ndef rows(path):\n    return open("
    path = place.write("table.py", before + "\n")
    with editing(place, nvim, path, before, of_the_model(model.url)) as screen:
        screen.wait_for(lambda rows: coloured(rows, GHOST) == ["path, newline=mode)"], "the suggestion")
        model.reply("path, newline=mode)\n", first_token_ms=20_000)
        screen.type("path, ", pause_s=0)
        screen.wait_for(lambda rows: coloured(rows, GHOST) == ["newline=mode)"], "what is left of it")
        screen.type("e", pause_s=0)
        screen.wait_for(lambda rows: not coloured(rows, GHOST), "nothing that the key has contradicted")
        save(screen)
        wait_for_bytes(path, (before + "path, e\n").encode())


def test_every_key_is_asked_about_at_once(place: Place, nvim: Path) -> None:
    before = READERS + "def load_coupons(path):\n"
    path = place.write("shop.py", before + "\n")
    with editing(place, nvim, path, before) as screen:
        screen.type("    with op", pause_s=0.1)  # a fast typist's pauses, shorter than Neovim's own 200 ms
        asked = place.wire.requests("textDocument/inlineCompletion")
        columns = {each["params"]["position"]["character"] for each in asked}
        assert columns >= set(range(5, len("    with op") + 1))


def test_a_suggestion_is_put_away_asked_for_taken_line_by_line_and_undone(
    place: Place, nvim: Path, model: ModelProcess
) -> None:
    model.reply('path,\n        newline="",\n    )\n')
    before = "import csv\n\n\ndef rows(path):\n    return open("
    path = place.write("table.py", before + "\n")
    with editing(place, nvim, path, before, of_the_model(model.url)) as screen:
        screen.wait_for_text('newline="",')
        screen.press("M-d")
        screen.wait_for(lambda rows: not coloured(rows, GHOST), "none")
        screen.press("M-n")
        screen.wait_for_text('newline="",')
        screen.press("M-l")
        screen.wait_for_text("return open(path,")
        screen.wait_for(lambda rows: any('newline=""' in text for text in coloured(rows, GHOST)), "the rest")
        screen.press("Tab")
        wait_for_acceptance(place)
        screen.press("Escape", "u")
        save(screen)
        wait_for_bytes(path, (before + "path,\n").encode())


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_neovim_011_shows_it_too(line_end: str, place: Place, old_nvim: Path, model: ModelProcess) -> None:
    """Several lines, and a bracket that they cover."""
    model.reply('path,\n        newline="",\n    )\n')
    before, after = "import csv\n\n\ndef rows(path):\n    return open(", ")\n"
    path = place.write("table.py", (before + after).replace("\n", line_end))
    with editing(place, old_nvim, path, before, of_the_model(model.url)) as screen:
        screen.wait_for_text('        newline="",')
        screen.type("pa")
        screen.press("Tab")
        wait_for_acceptance(place)
        save(screen)
        wait_for_bytes(path, accepted(place, before + "pa", after).replace("\n", line_end).encode())


def test_neovims_own_inline_completion_does_without_our_plugin(place: Place, nvim: Path) -> None:
    path = place.write("shop.py", (before := READERS + "def load_coupons(path):\n") + "\n")
    own = code_blocks(README, "lua")[-1]
    with editing(place, nvim, path, before, own) as screen:
        screen.type("    with op")
        item = wait_for_ghost(screen, place, before + "    with op", "en(path")
        screen.press("Tab")
        wait_for_acceptance(place, item)
        save(screen)
        wait_for_bytes(path, (before + "    with op" + item["insertText"] + "\n").encode())


def test_leaving_insert_mode_leaves_the_text_alone(place: Place, nvim: Path) -> None:
    before = READERS + "def load_coupons(path):\n"
    path = place.write("shop.py", before + "\n")
    with editing(place, nvim, path, before) as screen:
        screen.type("    with op")
        wait_for_ghost(screen, place, before + "    with op", "en(path")
        screen.press("Escape")
        screen.wait_for(lambda rows: not coloured(rows, GHOST), "no ghost text")
        save(screen)
        wait_for_bytes(path, (before + "    with op\n").encode())
        assert not place.wire.requests("workspace/executeCommand")


def test_tab_is_a_tab_where_nothing_is_suggested(place: Place, nvim: Path) -> None:
    path = place.write("notes.txt", "\n")
    with editing(place, nvim, path, "") as screen:
        screen.type("q\tz")
        save(screen)
        wait_for_bytes(path, b"q\tz\n")


@contextmanager
def editing(place: Place, nvim: Path, path: Path, before: str, settings: str = "") -> Iterator[Screen]:
    """Neovim in insert mode with the cursor after `before`, the server ready; a failure quotes the wire."""
    init = settings + code_blocks(README, "lua")[0] + TEST_SETTINGS.read_text(encoding="utf-8")
    place.configure("nvim/init.lua", init)
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2].encode())
    with place.opened(nvim, path) as screen:
        screen.type(f":call cursor({line}, {column})\n", pause_s=0)
        screen.type("a" if column else "i")
        screen.wait_for_text("-- INSERT --")
        yield screen


def of_the_model(url: str) -> str:
    """The README's settings for a model server; the embedded predictor, which may answer first, is never sure."""
    unsure = "vim.lsp.config('ai_lsp', { init_options = { completion = { min_confidence = 1.0 } } })\n"
    return code_blocks(README, "lua", url)[1] + unsure


def type_in_insert_mode(screen: Screen, text: str) -> None:
    """Types text; a tab is entered literally, since the Tab key accepts."""
    for part in text.replace("\t", "\0\t\0").split("\0"):
        if part == "\t":
            screen.press("C-v", "Tab")
        else:
            screen.type(part)


def wait_for_ghost(
    screen: Screen, place: Place, before: str, begins: str, *, is_drawn: bool = True
) -> dict[str, Any]:
    """The suggestion for a cursor after `before`, when the screen shows it, all of it and nothing else.

    With `is_drawn` false it is enough that the server has answered: beside a bracket Neovim mixes the ghost
    text's colour with that of the match.
    """
    character = len(before.rpartition("\n")[2].encode("utf-16-le")) // 2
    cursor = {"line": before.count("\n"), "character": character}

    def is_answered() -> bool:
        asked = place.wire.requests("textDocument/inlineCompletion")
        return bool(asked) and asked[-1]["params"]["position"] == cursor and bool(place.wire.reply_to(asked[-1]))

    place.wire.wait_for(is_answered, f"an answer for {cursor}")
    item = last_item(place)
    assert item["insertText"].startswith(begins)
    if not is_drawn:
        return item
    # Blanks are left out: a tab is drawn as several, and a row's end is not seen.
    lines = ["".join(line.split()) for line in item["insertText"].split("\n")]
    screen.wait_for(
        lambda rows: (
            ["".join(text.split()) for text in coloured(rows, GHOST)] == [line for line in lines if line]
        ),
        f"the ghost text {item['insertText']!r}",
    )
    return item


def last_item(place: Place) -> dict[str, Any]:
    """The newest suggestion that the server has sent."""
    for request in reversed(place.wire.requests("textDocument/inlineCompletion")):
        reply = place.wire.reply_to(request)
        if reply and reply.get("result"):
            item: dict[str, Any] = reply["result"]["items"][0]
            return item
    raise AssertionError("the server has suggested nothing")


def wait_for_acceptance(place: Place, item: dict[str, Any] | None = None) -> None:
    """Returns when the server has been told of the acceptance, of this suggestion if any, and has answered."""
    command = "workspace/executeCommand"
    place.wire.wait_for(lambda: bool(place.wire.requests(command)), command)
    told = place.wire.requests(command)[0]
    assert told["params"]["command"] == "ai-lsp.accept"
    assert item is None or told["params"]["arguments"] == item["command"]["arguments"]
    place.wire.wait_for(lambda: place.wire.reply_to(told) is not None, "the answer to the accept command")
    assert "error" not in (place.wire.reply_to(told) or {})


def accepted(place: Place, before: str, after: str) -> str:
    """What the file must be by the suggestion that was accepted, whichever it was, and all that was typed."""
    arguments = place.wire.requests("workspace/executeCommand")[0]["params"]["arguments"]
    for request in place.wire.requests("textDocument/inlineCompletion"):
        for item in ((place.wire.reply_to(request) or {}).get("result") or {"items": []})["items"]:
            if item["command"]["arguments"] == arguments:
                start, end = (item["range"][name]["character"] for name in ("start", "end"))
                line = before.rindex("\n") + 1
                return before[: line + start] + str(item["insertText"]) + after[end - start :]
    raise AssertionError("what was accepted had never been suggested")


def save(screen: Screen) -> None:
    """Leaves insert mode and writes the file."""
    screen.press("Escape")
    screen.wait_for(lambda rows: "-- INSERT --" not in screen.lines()[-1], "normal mode")
    screen.type(":w\n", pause_s=0)
