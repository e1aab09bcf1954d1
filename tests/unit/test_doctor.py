"""The doctor, against real servers, real programs on PATH and a real predictor: what it says and how it exits."""

from __future__ import annotations

import asyncio
import io
import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli import setup, surroundings
from ai_lsp.cli.doctor import doctor
from tests.scripted_model import ScriptedModel

SECRET = "not-a-real-key-4711"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user of their own, with no settings, no cache and nothing on PATH."""
    for name in ("config", "cache", "bin", "repo"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("TEST_MODEL_KEY", SECRET)
    return tmp_path


def write_settings(home: Path, text: str) -> None:
    (home / "config" / "ai-lsp").mkdir(exist_ok=True)
    (home / "config" / "ai-lsp" / "config.toml").write_text(text)


def program(home: Path, name: str, script: str) -> None:
    path = home / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def see(home: Path, *argv: str, out: io.StringIO | None = None) -> tuple[int, str]:
    out = out or io.StringIO()
    code = await doctor([str(home / "repo"), *argv], out)
    return code, out.getvalue()


async def see_json(home: Path, *argv: str) -> tuple[int, dict[str, Any]]:
    code, text = await see(home, "--json", *argv)
    return code, json.loads(text)


async def test_a_fresh_machine_is_well(home: Path) -> None:
    code, text = await see(home)
    assert code == 0
    assert "config.toml: not there" in text
    assert "all at their defaults" in text
    assert "none configured" in text
    assert "ok    embedded predictor: starts in" in text
    assert "ok    grammars: " in text
    assert "python" in text
    assert "warn  git: not found" in text
    assert "warn  editors: none on PATH" in text
    assert "\x1b" not in text
    assert text.endswith("All is well.\n")


async def test_a_model_that_answers_is_described(home: Path) -> None:
    async with ScriptedModel(reply="x", dialect="llamacpp") as server:
        write_settings(
            home,
            f'[models.tab]\napi = "llamacpp"\nurl = "{server.url}"\nkey_env = "TEST_MODEL_KEY"\n'
            '[routes]\ncompletion = "tab"\n',
        )
        code, text = await see(home)
        asked = [look.path for look in server.lookups]
        assert server.lookups[0].headers["authorization"] == f"Bearer {SECRET}"
    assert code == 0
    assert "/props" in asked
    assert server.requests == [], "looking at a model does not make it generate"
    (line,) = [line for line in text.splitlines() if line.startswith("  ok    tab:")]
    for fact in (server.url, "serves completion", "$TEST_MODEL_KEY (set)", "FIM template ", "context 8192"):
        assert fact in line
    assert 'models.tab.api = "llamacpp"    # ' + str(home / "config" / "ai-lsp" / "config.toml") in text
    assert SECRET not in text


async def test_what_is_down_fails_with_what_to_do_and_the_rest_is_still_seen(home: Path) -> None:
    port = free_port()
    async with ScriptedModel(reply="x", dialect="openai") as server:
        options = {
            "models": {
                "up": {"api": "openai", "url": server.url, "model": "qwen2.5-coder-1.5b"},
                "down": {"api": "openai", "url": f"http://127.0.0.1:{port}", "model": "qwen2.5-coder-1.5b"},
                "wrong": {"api": "openai", "url": server.url, "model": "no-such-model"},
            }
        }
        code, report = await see_json(home, "--options", json.dumps(options))
    assert code == 1
    assert report["ok"] is False
    models = {model["name"]: model for model in report["models"]}
    assert {name: model["ok"] for name, model in models.items()} == {"up": True, "down": False, "wrong": False}
    assert models["up"]["probe"]["template"] == "qwen-coder"
    assert models["down"]["probe"]["reachable"] is False
    assert "[models.down]" in models["down"]["probe"]["advice"]
    assert models["wrong"]["probe"]["reachable"] is True
    assert "qwen2.5-coder-1.5b" in models["wrong"]["probe"]["advice"]
    assert report["settings"]["models.up.url"] == {"value": server.url, "source": "initializationOptions"}


@pytest.mark.parametrize("unset", [True, False])
async def test_a_key_that_is_not_set_and_one_that_is_echoed(
    home: Path, monkeypatch: pytest.MonkeyPatch, unset: bool
) -> None:
    if unset:
        monkeypatch.delenv("TEST_MODEL_KEY")
    async with ScriptedModel(reply="x", dialect="openai") as server:
        server.change(status=401, body=b'{"error":{"message":"bad key: \x1b[31m' + SECRET.encode() + b'"}}')
        fields = {"api": "openai", "url": server.url, "model": "m", "key_env": "TEST_MODEL_KEY"}
        out = Terminal()
        code, text = await see(home, "--options", json.dumps({"models": {"tab": fields}}), out=out)
    assert code == 1
    assert SECRET not in text
    assert "\x1b[31mFAIL\x1b[0m  tab" in text
    assert text.count("\x1b[31m") == 1, "what a server says does not steer the terminal"
    assert ("TEST_MODEL_KEY of model" in text and "not set" in text) if unset else "401" in text


async def test_a_server_that_names_its_models_like_the_key(home: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps({"data": [{"id": f"\x1b[2J{SECRET}"}]}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        fields = {"api": "openai", "url": url, "model": "m", "key_env": "TEST_MODEL_KEY"}
        asked = ("--options", json.dumps({"models": {"tab": fields}}))
        code, text = await see(home, *asked)
        _, as_json = await see(home, "--json", *asked)
    assert code == 1
    assert "It has: " in text
    assert "\x1b" not in text + as_json
    assert SECRET not in text + as_json


async def test_a_server_that_says_nothing_is_not_waited_for_long(home: Path) -> None:
    async with await asyncio.start_server(lambda *_: asyncio.sleep(60), "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        model = {"api": "llamacpp", "url": url, "timeout_s": 0.5}
        code, report = await asyncio.wait_for(
            see_json(home, "--options", json.dumps({"models": {"tab": model}})), 20
        )
    assert code == 1
    assert report["models"][0]["ok"] is False


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ({"routes": {"completion": "tab"}}, 1, "FAIL  initializationOptions: routes.completion: no usable model"),
        ({"models": {"tab": {"api": "llamacpp"}}}, 1, 'this model has no "url"'),
        ({"completion": {"max_linse": 3}}, 0, "warn  initializationOptions: completion.max_linse"),
    ],
)
async def test_wrong_settings_are_told_and_fail_where_a_model_is_lost(
    home: Path, options: object, code: int, says: str
) -> None:
    got, text = await see(home, "--options", json.dumps(options))
    assert got == code
    assert says in text


async def test_each_setting_is_shown_with_the_place_it_came_from(home: Path) -> None:
    write_settings(home, "[completion]\nmax_lines = 5\nmin_confidence = 0.7\n")
    (home / "repo" / ".ai-lsp.toml").write_text(
        '[completion]\nmax_lines = 2\n[models.x]\nurl = "http://evil.example"\n'
    )
    code, report = await see_json(home)
    workspace, user = str(home / "repo" / ".ai-lsp.toml"), str(home / "config" / "ai-lsp" / "config.toml")
    assert report["settings"] == {
        "completion.max_lines": {"value": 2, "source": workspace},
        "completion.min_confidence": {"value": 0.7, "source": user},
    }
    assert [problem["key"] for problem in report["problems"]] == ["models.x.url"]
    assert code == 0, "a repository cannot make the user's own settings look broken"
    _, full = await see_json(home, "--all")
    assert full["settings"]["routes.completion"] == {"value": "local", "source": "default"}


async def test_a_broken_file_is_told(home: Path) -> None:
    write_settings(home, "[completion\n")
    code, text = await see(home)
    assert "config.toml: cannot be read" in text
    assert "not valid TOML" in text
    assert code == 1, "nobody can say which models it configured"


async def test_editors_and_git_are_found_with_their_versions(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "VERSION_S", 1.0)
    monkeypatch.setenv("PATH", f"{home / 'bin'}:{os.defpath}")
    program(home, "git", "echo git version 2.39.5")
    program(home, "nvim", "echo NVIM v0.12.4; echo Build type: Release")
    program(home, "hx", "echo helix 25.07.1 '(abcdef)'")
    program(home, "code", "echo 1.139.1; exit 3")
    program(home, "vim", "exec sleep 60")
    program(home, "emacs", "exit 1")
    found = {each.what: each for each in await surroundings.editors()}
    prints = "0.12.4, shows ghost text; `ai-lsp setup neovim` prints the setup, `--write` adds it"
    assert found["Neovim"].text == prints
    assert found["Helix"].text.startswith("25.07.1, suggestions come in the completion menu; ")
    assert found["VS Code"].text.startswith("1.139.1, shows ghost text; ")
    assert found["Vim"].mark == found["Emacs"].mark == "warn"
    assert setup.main(["neovim", "--write"]) == 0
    program(home, "nvim", "echo NVIM v0.11.4")
    text = {each.what: each.text for each in await surroundings.editors()}["Neovim"]
    assert text.startswith("0.11.4, shows ghost text; ")
    assert text.endswith("set up in " + str(home / "config/nvim/init.lua"))
    program(home, "nvim", "echo NVIM v0.10.4")
    old = {each.what: each for each in await surroundings.editors()}["Neovim"]
    assert (old.text, old.advice) == ("0.10.4 is too old", "Install Neovim 0.11 or newer")
    assert (await surroundings.git()).text == "2.39.5"


async def test_a_predictor_that_cannot_start_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    finding = await surroundings.predictor()
    assert finding.mark == "fail"
    assert "No such file" in finding.text


def test_a_cache_that_cannot_be_written_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "file"))
    (finding,) = surroundings.folders()
    assert finding.mark == "warn"
    assert "XDG_CACHE_HOME" in finding.advice
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    (finding,) = surroundings.folders()
    assert finding.mark == "ok"
    assert list((home / "cache" / "ai-lsp").iterdir()) == []


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (
            [
                "doctor",
                "--options",
                '{"models":{"t":{"api":"openai","url":"http://127.0.0.1:PORT","model":"m"}}}',
            ],
            1,
            "FAIL",
        ),
        (["doctor", "/no/such/folder"], 2, "not a folder"),
        (["doctor", "--options", "{"], 2, "not JSON"),
    ],
)
def test_the_program_exits_as_promised(home: Path, argv: list[str], code: int, says: str) -> None:
    argv = [argument.replace("PORT", str(free_port())) for argument in argv]
    ran = subprocess.run([sys.executable, "-m", "ai_lsp", *argv], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, says in ran.stdout + ran.stderr) == (code, True), ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
