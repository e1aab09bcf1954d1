"""Recordings: inputs in, the same bytes out, drift explained, old ones pruned, and no secret in them."""

from __future__ import annotations

import json
import os
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lsp.cli import replay
from ai_lsp.cli.remade import RemadeCompletion, RemadeInstruction
from ai_lsp.cli.replay_page import page
from ai_lsp.completion.prompt import Around, Built, Memory, Shape, build
from ai_lsp.completion.query import Query
from ai_lsp.completion.recording import CompletionPrompt
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.context.counts import Counts
from ai_lsp.context.gather import parts
from ai_lsp.context.place import Known, Place, RecentEdit
from ai_lsp.context.recording import NotRecorded, Writer, digest
from ai_lsp.context.screening import Disguise
from ai_lsp.context.secret_rules import library_rules
from ai_lsp.context.secrets import Scanner
from ai_lsp.context.settings import RecordingSettings
from ai_lsp.edits.instruct_recording import InstructInputs, InstructPrompt, prompt_of
from ai_lsp.edits.instruct_settings import EditSettings
from ai_lsp.edits.instruct_values import Material, Source, Task
from ai_lsp.edits.reply_profiles import RULES
from ai_lsp.lsp.recorder import Recorder, prune
from ai_lsp.models.tokens import Estimate
from ai_lsp.text.document import DocumentSnapshot
from tests.unit.test_sources import KNOWN

COUNT = Estimate(3.3).count
TEXT = "".join(f"def f{n}(a):\n    return total(a, count={n})\n\n\n" for n in range(150))


def typed(text: str, offsets: list[int], tokens: int = 900) -> list[Built]:
    """Prompts of one session: at each offset a key is typed, and each prompt knows of the one before it."""
    memory, out = Memory(), []
    for number, at in enumerate(offsets):
        text = text[:at] + "x" + text[at:]
        snapshot = DocumentSnapshot("file:///w/a.py", number, "python", text)
        place = Place(snapshot, at + 1, "a.py")
        around = Around(parts(place, KNOWN), Shape((snapshot.line_span(60).start, snapshot.line_span(130).start)))
        settings = CompletionSettings(max_tokens=64)
        query = Query(snapshot, at + 1, path="a.py")
        built = build(query, settings, context_tokens=tokens, count=COUNT, repo="w", around=around, memory=memory)
        memory = replace(memory, previous=built.fitted)
        out.append(built)
    return out


def recorded(prompts: list[Built]) -> list[str]:
    writer = Writer("0.1")
    return [
        line + "\n"
        for number, built in enumerate(prompts)
        for line in writer.lines(CompletionPrompt(built), number, 0)
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, len(TEXT) - 1), min_size=1, max_size=5), st.integers(128, 4_000))
def test_recorded_prompts_are_made_again_byte_by_byte(offsets: list[int], tokens: int) -> None:
    prompts = typed(TEXT, offsets, tokens)
    again = list(replay.replay(recorded(prompts), Counts()))
    assert [digest(each.now.prompt.request) for each in again] == [digest(each.request) for each in prompts]
    assert all(each.is_same and replay.drift(each) == [] for each in again)


def test_a_thousand_prompts_are_the_same_bytes_and_stand_in_little_space() -> None:
    rng = random.Random(7)
    at, offsets = 2_000, []
    for _ in range(1_000):
        at = at + 1 if rng.random() < 0.97 else rng.randrange(len(TEXT))
        offsets.append(at)
    lines = recorded(typed(TEXT, offsets))
    again = list(replay.replay(lines, Counts()))
    assert len(again) == 1_000
    assert all(each.is_same for each in again)
    assert sum(map(len, lines)) < 1_000 * 4_000


def test_inputs_are_kept_and_no_prompt() -> None:
    (built,) = typed(TEXT, [2_000])
    text = "".join(recorded([built]))
    assert built.request.prompt.prefix[-300:] not in json.loads(text.split("\n")[-2]).values()  # type: ignore[union-attr]
    assert text.count("return total(a, count=100)") == 1  # the document stands once


def test_another_budget_another_tokenizer_and_what_was_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text("".join(recorded(typed(TEXT, [2_000, 2_001, 2_002]))))
    assert replay.main([str(file)]) == 0
    assert capsys.readouterr().out == "3 prompts: 3 the same bytes, 0 not\n"
    assert replay.main([str(file), "--only", "2", "--budget", "400", "--cut", "--diff"]) == 0
    out = capsys.readouterr().out
    assert "← the cut" in out
    assert "@@" in out
    assert replay.main([str(file), "--tokenizer", "1.0", "--last", "1"]) == 0
    assert "→" in capsys.readouterr().out
    assert replay.main([str(file), "--template", "mellum", "--diff", "--last", "1"]) == 0
    assert "+<filename>" in capsys.readouterr().out
    assert replay.main([str(file), "--template", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_drift_is_explained_part_by_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = recorded(typed(TEXT, [2_000]))
    row = json.loads(lines[-1])
    row["context_tokens"] = 500  # as if the code cut elsewhere today
    file = tmp_path / "r.jsonl"
    file.write_text("".join(lines[:-1]) + json.dumps(row) + "\n")
    assert replay.main([str(file)]) == 1
    out = capsys.readouterr().out
    assert "other bytes (recorded by 0.1)" in out
    assert "was whole, is left out" in out


@pytest.mark.parametrize(
    "line", ["{}\n", "[1]\n", "x\n", '{"kind": "completion"}\n', '{"kind": "completion", "format": 9}\n']
)
def test_what_is_no_recording_says_so(line: str) -> None:
    with pytest.raises(NotRecorded):
        list(replay.replay([line], Counts()))


def test_a_recording_cut_off_in_a_line_is_read_up_to_there() -> None:
    lines = recorded(typed(TEXT, [2_000, 2_001]))
    lines[-1] = lines[-1][:50]
    assert len(list(replay.replay(lines, Counts()))) == 1


def test_the_page_is_whole_and_holds_no_markup_of_the_text() -> None:
    evil = typed('x = "</script><script>alert(1)</script>"\n' + TEXT, [2_000])
    text = page(list(replay.replay(recorded(evil), Counts())))
    assert text.count("<script>") == text.count("</script>") == 1
    assert "src=" not in text.split("const data", 1)[0]


def test_secrets_are_placeholders_and_the_rest_replays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    secret = "ghp_" + "a7B9" * 9
    disguise = Disguise(b"k" * 32, Scanner(library_rules()))
    recorder = Recorder()
    recorder.use(RecordingSettings())
    recorder.record(CompletionPrompt(typed(TEXT, [40])[0]), disguise)
    recorder.use(RecordingSettings(enabled=True))
    known = replace(KNOWN, edits=(RecentEdit("b.py", 1, (f"push('{secret}')",), ("push(key)",), 3),))
    snapshot = DocumentSnapshot("file:///w/a.py", 1, "python", f'token = "{secret}"\n' + TEXT)
    place = Place(snapshot, 2_000, "a.py")
    around = Around(parts(place, known), Shape((snapshot.line_span(60).start,)))
    query = Query(snapshot, 2_000, path="a.py")
    built = build(query, CompletionSettings(), context_tokens=2_000, count=COUNT, around=around)
    recorder.record(CompletionPrompt(built), disguise)
    recorder.close()
    (file,) = tmp_path.rglob("*.jsonl")
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    text = file.read_text()
    assert secret not in text
    assert "SECRET_" in text
    (one,) = replay.replay(text.splitlines(keepends=True), Counts())
    assert one.recorded.hidden
    assert one.is_same
    assert isinstance(one.now, RemadeCompletion)
    assert one.now.prompt.built.inputs.query.snapshot.text.endswith(TEXT)


def test_recordings_are_pruned_by_age_and_size(tmp_path: Path) -> None:
    for number in range(6):
        path = tmp_path / f"{number}.jsonl"
        path.write_bytes(b"x" * 400_000)
        os.utime(path, (1_000 + number, 1_000 + number))
    prune(tmp_path, RecordingSettings(max_mb=1, days=1), 2_000)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["4.jsonl", "5.jsonl"]
    prune(tmp_path, RecordingSettings(max_mb=1, days=1), 90_000)
    assert list(tmp_path.iterdir()) == []


def test_nothing_known_makes_a_prompt_of_the_document_alone() -> None:
    assert parts(Place(DocumentSnapshot("file:///a.py", 1, "python", ""), 0, "a.py"), Known()) == ()


# Instructions -------------------------------------------------------------------------------------------------


def instruction(**changes: Any) -> InstructPrompt:
    snapshot = DocumentSnapshot("file:///w/a.py", 1, "python", TEXT)
    other = Source("b.py", DocumentSnapshot("file:///w/b.py", 1, "python", "def total(a, count): ...\n"))
    task = Task(
        "count from one",
        Source("a.py", snapshot),
        snapshot.line_span(8),
        (
            Material("rules of the project", "Use tabs.\n" * 40, "AGENTS.md", 200),
            Material("what the user changed last", "-count=1\n+count=0\n", "", 50),
        ),
        (other,),
        (("From which?", "From one."),),
    )
    inputs = InstructInputs(task, EditSettings(max_tokens=256), "search_replace", 4_000, COUNT, True)
    return prompt_of(replace(inputs, **changes))


@pytest.mark.parametrize("format", sorted(RULES))
def test_an_instruction_is_made_again_byte_by_byte_beside_ghost_text(format: str) -> None:
    one, two = instruction(format=format), typed(TEXT, [2_000])[0]
    writer = Writer("0.1")
    prompts = (one, CompletionPrompt(two), one)
    lines = [line + "\n" for at, each in enumerate(prompts) for line in writer.lines(each, at, 0)]
    again = list(replay.replay(lines, Counts()))
    assert [each.now.prompt.request for each in again] == [one.request, two.request, one.request]
    assert all(each.is_same for each in again)
    assert "".join(lines).count("return total(a, count=100)") == 1, "the document stands once for both kinds"


def test_an_instruction_is_cut_shown_and_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / "r.jsonl", tmp_path / "page.html"
    prompt = instruction()
    file.write_text("".join(line + "\n" for line in Writer("0.1").lines(prompt, 0, 0)))
    assert replay.main([str(file), "--budget", "1100", "--cut", "--diff", "--html", str(out)]) == 0
    said = capsys.readouterr().out
    assert "a.py:9  “count from one”" in said
    assert re.search(r"- material AGENTS.md:1  \d+ tokens, too large", said)
    assert "-Use tabs." in said
    page = out.read_text()
    assert "Instruction: count from one" in page
    assert "Use tabs." in page
    assert replay.main([str(file), "--budget", "300"]) == 2
    assert "larger than what the model can read" in capsys.readouterr().err


def test_secrets_of_an_instruction_are_placeholders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    secret = "ghp_" + "a7B9" * 9
    recorder = Recorder()
    recorder.use(RecordingSettings(enabled=True))
    task = instruction().inputs.task
    snapshot = DocumentSnapshot("file:///w/a.py", 1, "python", f'token = "{secret}"\n' + TEXT)
    said = replace(task, instruction=f"use {secret}", source=Source("a.py", snapshot), span=snapshot.line_span(9))
    recorder.record(instruction(task=said), Disguise(b"k" * 32, Scanner(library_rules())))
    recorder.close()
    (file,) = tmp_path.rglob("*.jsonl")
    text = file.read_text()
    assert secret not in text
    (one,) = replay.replay(text.splitlines(keepends=True), Counts())
    assert one.recorded.hidden
    assert one.is_same
    assert isinstance(one.now, RemadeInstruction)
    kept = one.now.prompt.inputs.task
    assert kept.span is not None
    assert kept.source.snapshot.slice(kept.span.start, kept.span.end) == snapshot.line(9)
