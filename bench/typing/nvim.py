"""The script played into a real Neovim with one plugin: the same figures for what a plugin draws by itself.

    python -m bench.typing.nvim NVIM PLUGIN… --in FILES_OR_REPO [--folder CLONES] [--profile NAME] [--keys N]

PLUGIN is a row of PLUGINS: "ai-lsp" (editors/neovim), or one whose clone lies in --folder under its name.
What is drawn is looked at every 4 ms; "key to answer" is therefore to the drawing. Needs a Unix terminal.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import pty
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.typing.__main__ import model
from bench.typing.editor import KEPT_S, Pressed, Recording, Screen
from bench.typing.figures import figures, table
from bench.typing.keys import Key, Script, read_files, script
from bench.typing.model import PROFILES

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Plugin:
    """`namespaces` of its ghost text; `settings` in Lua, with {url}, {api} and {folder}."""

    namespaces: str
    settings: str


PLUGINS: Mapping[str, Plugin] = {
    "ai-lsp": Plugin(
        "ai_lsp_ghost_text",
        """
vim.opt.runtimepath:append('{root}/editors/neovim')
""",
    ),
    "neovim": Plugin(  # its own inline completion, with this server and none of our files
        "nvim.lsp.inline_completion",
        """
vim.lsp.config('ai_lsp', {{
  cmd = {{ 'ai-lsp', '--stdio' }}, root_markers = {{ '.git' }},
}})
vim.lsp.enable('ai_lsp')
vim.api.nvim_create_autocmd('LspAttach', {{ callback = function() vim.lsp.inline_completion.enable(true) end }})
""",
    ),
    "llama.vim": Plugin(
        "vt_fim",
        """
vim.g.llama_config = {{ endpoint_fim = '{url}/infill', show_info = 0 }}
vim.opt.runtimepath:append('{folder}')
""",
    ),
    "copilot.lua": Plugin(
        "copilot.suggestion",
        """
vim.opt.runtimepath:append('{folder}')
require('copilot').setup({{
  server = {{ type = 'binary', custom_server_filepath = vim.fn.exepath('ai-lsp') }},
  suggestion = {{ auto_trigger = true }},
}})
""",
    ),
}

SETTINGS = """
vim.g.loaded_python3_provider = 0
vim.o.smarttab = false -- else a backspace takes a whole step of indentation
vim.o.swapfile, vim.o.shadafile, vim.o.hidden, vim.o.autoindent = false, 'NONE', true, false
vim.api.nvim_create_autocmd('FileType', {{ callback = function()
  vim.bo.indentexpr, vim.bo.cindent, vim.bo.smartindent, vim.bo.autoindent = '', false, false, false
  vim.bo.softtabstop, vim.bo.expandtab = 0, false
end }})
"""


class Neovim:
    """Plays a script; `record` is what bench.typing.figures reads."""

    def __init__(self, root: Path, what: Script) -> None:
        self.root, self.script = root, what
        self.record = Recording()
        self.texts = dict(what.before)
        self._now: Pressed | None = None
        self._ghost = ""
        self._done: dict[int, asyncio.Future[None]] = {}
        self._ready = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        with contextlib.suppress(asyncio.CancelledError):
            await self._hear(reader)
        writer.close()

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            message = json.loads(line)
            if "ghost" in message:
                self._drawn(message["ghost"].rstrip("\n"))
            elif "done" in message:
                self._done.pop(message["done"]).set_result(None)
            else:
                self._ready.set()

    async def play(self, seconds_to_start: float = 3.0) -> Recording:
        await asyncio.wait_for(self._ready.wait(), 30)
        for path in self.script.before:
            await self._lua(f"vim.cmd.edit({json.dumps(str(self.root / path))})")
        await asyncio.sleep(seconds_to_start)
        due = time.monotonic()
        for key in self.script.keys:
            due = max(due, time.monotonic() - 0.05) + key.pause_ms / 1000
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self._press(key, due)
        await asyncio.sleep(0.3)
        self._show(time.monotonic(), is_typing=False)
        await asyncio.sleep(3.0)
        return self.record

    async def _press(self, key: Key, due: float) -> None:
        text = self.texts[key.path]
        if key.kind in ("jump", "delete"):
            await self._go(key, text)
        at = time.monotonic()
        self.record.late_ms.append((at - due) * 1e3)
        is_pure = key.kind in ("type", "typo") and bool(key.text)
        before = self._ghost if key.kind != "jump" else ""
        rest = before[len(key.text) :] if is_pure and before.startswith(key.text) else ""
        self._now = Pressed(key, due, at, key.cursor, before, bool(rest.strip()))
        self.record.keys.append(self._now)
        self._show(at)
        if self._now.is_agreeing:
            asyncio.get_running_loop().call_later(KEPT_S, self._look, self._now)
        if key.kind == "back":
            self._send({"keys": "<BS>" * (key.end - key.start)})
        elif key.kind not in ("jump", "delete"):
            typed = key.text.replace("<", "<lt>").replace("\n", "<CR>").replace("\t", "<C-v><Tab>")
            self._send({"keys": typed})
        self.texts[key.path] = text[: key.start] + key.text + text[key.end :]

    async def _go(self, key: Key, text: str) -> None:
        """To the place of a block, by the editor's own means, and into insert mode."""
        self._send({"keys": "<Esc>"})
        await asyncio.sleep(0.03)
        rows = [
            (text[:at].count("\n"), len(text[text.rfind("\n", 0, at) + 1 : at].encode()))
            for at in (key.start, key.end)
        ]
        (r0, c0), (r1, c1) = rows
        name = json.dumps(str(self.root / key.path))
        gone = f"vim.api.nvim_buf_set_text(0, {r0}, {c0}, {r1}, {c1}, {{}})" if key.start != key.end else ""
        await self._lua(
            f"vim.cmd.buffer(vim.fn.bufnr({name})); {gone} vim.api.nvim_win_set_cursor(0, {{ {r0 + 1}, {c0} }})"
        )
        self._send({"keys": "a" if c0 else "i"})

    def _look(self, pressed: Pressed) -> None:
        if self._now is pressed:
            pressed.was_kept = bool(self._ghost)

    def _drawn(self, ghost: str) -> None:
        at, now = time.monotonic(), self._now
        old, self._ghost = self._ghost, ghost
        if now is None:
            return
        if ghost and not (old and old.endswith(ghost) and len(old) > len(ghost)):
            self.record.shown_ms.append((at - now.at) * 1e3)
            self.record.shown_spans.append((now.at, at))
        self._show(at)

    def _show(self, at: float, *, is_typing: bool = True) -> None:
        now = self._now
        assert now is not None
        is_typing = is_typing and now.key.kind not in ("jump", "delete")
        self.record.screens.append(Screen(at, self._ghost, now.key.path, now.key.place, is_typing))

    async def _lua(self, code: str) -> None:
        number = len(self._done) + int(time.monotonic_ns())
        self._done[number] = asyncio.get_running_loop().create_future()
        done = self._done[number]
        self._send({"lua": code, "id": number})
        await asyncio.wait_for(done, 10)

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._writer is not None
        self._writer.write(json.dumps(message).encode() + b"\n")


async def run(
    nvim: Path, plugin: Plugin, folder: str, what: Script, others: Mapping[str, str], profile: str
) -> Any:
    """One plugin, one profile."""
    with tempfile.TemporaryDirectory(prefix="ai-lsp-nvim-") as name:
        home = Path(name).resolve()
        root = home / "work"
        for path, text in {**others, **what.before}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, "utf-8")
        (root / ".git").mkdir()
        async with model(home, profile, what.finished) as url:
            facts = {"url": url, "api": PROFILES[profile].api, "folder": folder, "root": str(ROOT)}
            init = home / "config" / "nvim" / "init.lua"
            init.parent.mkdir(parents=True)
            init.write_text(f"{SETTINGS.format()}{plugin.settings.format(**facts)}", "utf-8")
            told = home / "config" / "ai-lsp" / "config.toml"
            told.parent.mkdir(parents=True)
            told.write_text(
                f'[models.tab]\napi = "{facts["api"]}"\nurl = "{url}"\nmodel = "qwen2.5-coder-1.5b"\n'
                '[routes]\ncompletion = "tab"\n[completion]\nmin_confidence = 1.0\n[index]\nenabled = false\n'
            )
            player = Neovim(root, what)
            server = await asyncio.start_server(player.connected, "127.0.0.1", 0)
            environment = os.environ | {
                **{f"XDG_{n}_HOME": str(home / n.lower()) for n in ("CONFIG", "CACHE", "DATA", "STATE")},
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "TERM": "xterm-256color",
                "AI_LSP_BENCH_PORT": str(server.sockets[0].getsockname()[1]),
                "AI_LSP_BENCH_NAMESPACES": plugin.namespaces,
            }
            child, terminal = pty.fork()
            if child == 0:
                os.chdir(root)
                os.execve(nvim, [str(nvim), "-S", str(Path(__file__).with_name("nvim.lua"))], environment)
            asyncio.get_running_loop().add_reader(terminal, os.read, terminal, 65_536)
            try:
                record = await player.play()
            finally:
                asyncio.get_running_loop().remove_reader(terminal)
                os.kill(child, 9)
                os.waitpid(child, 0)
                server.close()
        log = [json.loads(line) for line in (home / "model.jsonl").read_text("utf-8").splitlines()]
        return figures(record, log, what.finished, []), record


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nvim", type=Path)
    parser.add_argument("plugin", choices=PLUGINS, nargs="+")
    parser.add_argument("--in", dest="places", type=Path, action="append", required=True)
    parser.add_argument("--folder", default="", help="where the plugins' clones are, each under its own name")
    parser.add_argument("--profile", choices=(*PROFILES, "both"), default="both")
    parser.add_argument("--keys", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    files, others = read_files(args.places, 6)
    what = script(files, args.keys, args.seed)
    results = {}
    for profile in tuple(PROFILES) if args.profile == "both" else (args.profile,):
        for name in args.plugin:
            folder = str(Path(args.folder).resolve() / name)
            results[f"{name}, {profile}"], _ = asyncio.run(
                run(args.nvim.resolve(), PLUGINS[name], folder, what, others, profile)
            )
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
