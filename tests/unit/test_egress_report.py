"""The report of what left the machine: sums, single requests, damaged ledgers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from ai_lsp.__main__ import main
from ai_lsp.cli.egress_report import run, totals
from ai_lsp.context.ledger import Entry

SENT = Entry(1_700_000_000.0, "tab", "https://a.example", "ab" * 32, 900, 3, 1, "1")
REFUSED = Entry(1_700_000_100.0, "tab", "https://a.example", "", 0, 0, 1, "1", "the cursor is in a secret")
OTHER = Entry(1_700_000_200.0, "big", "http://127.0.0.1:8012", "cd" * 32, 5_000, 0, 0, "1")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "egress.jsonl"
    path.write_text("".join(json.dumps(asdict(e)) + "\n" for e in (SENT, REFUSED, OTHER)) + "not json\n[1]\n{}\n")
    return path


def test_requests_are_added_up_by_endpoint_model_and_policy() -> None:
    big, tab = totals([SENT, REFUSED, OTHER])
    assert (big.endpoint, big.requests, big.chars) == ("http://127.0.0.1:8012", 1, 5_000)
    assert (tab.requests, tab.refused, tab.replaced, tab.files, tab.last) == (1, 1, 2, 3, REFUSED.at)


def test_the_report_names_where_how_much_and_under_which_policy(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--file", str(ledger)]) == 0
    out = capsys.readouterr().out
    assert "https://a.example" in out
    assert "5,000" in out
    assert run(["--file", str(ledger), "--entries"]) == 0
    out = capsys.readouterr().out
    assert f"900 characters, sha256 {'ab' * 32}, 3 files, 1 secrets hidden, policy 1" in out
    assert "not sent: the cursor is in a secret" in out
    assert run(["--file", str(ledger), "--json"]) == 0
    assert [row["chars"] for row in json.loads(capsys.readouterr().out)] == [5_000, 900]
    assert run(["--file", str(ledger), "--days", "0.001"]) == 0
    assert "0 requests" in capsys.readouterr().out


def test_it_is_a_command_of_the_program(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", "--egress", "--file", str(ledger)]) == 0
    assert "3 requests" in capsys.readouterr().out


def test_without_a_ledger_it_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--file", str(tmp_path / "none.jsonl")]) == 2
    assert "[privacy]" in capsys.readouterr().err


def test_words_that_somebody_wrote_into_the_ledger_stay_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "egress.jsonl"
    path.write_text(json.dumps({**asdict(SENT), "endpoint": "x\x1b[2J\ny", "at": 1e300}) + "\n")
    assert run(["--file", str(path), "--entries"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.count("\n") == 2
