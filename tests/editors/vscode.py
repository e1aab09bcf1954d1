"""The real VS Code for tests: code-server from the npm registry, our extension in it, a browser as its screen.

    python -m tests.editors.vscode      # installs it and says where

Everything lies below the editors' prefix (see install.py) but Chromium, which Debian's package brings.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.editors.install import REPOSITORY, CannotInstall, prefix
from tests.editors.place import Place, unused_port

NODE, CODE_SERVER, PLAYWRIGHT = "24.21.0", "4.139.1", "1.64.1"
"""code-server 4.139.1 is VS Code 1.139.1 and needs Node 24, which the npm package `node` carries."""

EXTENSION = REPOSITORY / "editors" / "vscode"
DRIVER = Path(__file__).with_name("vscode_driver.mjs")
START_S = 60.0

SETTINGS: dict[str, Any] = {
    "chat.disableAIFeatures": True,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
    "security.workspace.trust.enabled": False,
    "git.enabled": False,
    "editor.quickSuggestions": {"other": "off", "comments": "off", "strings": "off"},
    "editor.wordBasedSuggestions": "off",
    "editor.minimap.enabled": False,
    "editor.accessibilitySupport": "off",
    "editor.autoClosingBrackets": "never",
}
"""What keeps other features out of the picture; ours are as a user gets them."""


def ensure() -> Path:
    """The folder with node, code-server, playwright and our extension's .vsix; raises CannotInstall."""
    root = prefix() / "vscode"
    npm = shutil.which("npm")
    if npm is None:
        raise CannotInstall("npm is needed for VS Code's tests: install Node.js 20 or newer")
    chromium()
    if not (root / "complete").exists():
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        (root / "package.json").write_text('{"private": true}', encoding="utf-8")
        packages = [f"node@{NODE}", f"code-server@{CODE_SERVER}", f"playwright-core@{PLAYWRIGHT}"]
        _npm(root, npm, "install", "--ignore-scripts", *packages)
        # Its script places the binary of this platform; no other package needs to run one.
        _run(root / "node_modules/node", ["node", "installArchSpecificPackage.js"])
        inner = root / "node_modules/code-server/lib/vscode"
        for folder in (inner, inner / "extensions"):
            _npm(folder, npm, "install", "--omit=dev", "--ignore-scripts")
        (root / "complete").touch()
    return root


def chromium() -> Path:
    """The browser; installed from Debian where this user may."""
    found = shutil.which("chromium")
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        _run(Path("/"), ["apt-get", "-qq", "update"])
        _run(Path("/"), ["apt-get", "-qq", "--yes", "install", "--no-install-recommends", "chromium"])
        found = shutil.which("chromium")
    if not found:
        raise CannotInstall("chromium is needed as VS Code's screen: install Debian's package of that name")
    return Path(found)


def package() -> Path:
    """Our extension, built and packed as a user would: editors/vscode/make-vsix.sh."""
    vsix = EXTENSION / "dist" / "ai-lsp.vsix"
    newest = max(p.stat().st_mtime for p in [*EXTENSION.glob("*.json"), *EXTENSION.glob("src/*.ts")])
    if not vsix.exists() or vsix.stat().st_mtime < newest:
        _run(EXTENSION, [str(EXTENSION / "make-vsix.sh")])
    return vsix


class Page:
    """VS Code's window. Its methods wait for what they name; an AssertionError has the browser's words."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def do(self, act: str, **given: Any) -> Any:
        """One command of vscode_driver.mjs."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"act": act, **given}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, f"{act} {given}: {answer.get('error')}"
        return answer["value"]

    def open(self, name: str, line: int = 0) -> None:
        """Opens a file that lies at the project's root; the cursor goes to a line, counted from 1."""
        self.do("click", selector=f".explorer-folders-view .monaco-list-row[aria-label*='{name}']", double=True)
        self.do("wait", selector=f".tab.active[data-resource-name='{name}']")
        self.do("wait", selector=".monaco-editor .view-lines .view-line")
        if line:
            self.do("press", keys=["Control+G"])
            self.do("wait", selector=".quick-input-widget .quick-input-box input", state="visible")
            self.do("type", text=str(line), delay=10)
            self.do("press", keys=["Enter"])
            self.do("wait", selector=".quick-input-widget", state="hidden")

    def lines(self) -> list[str]:
        """The text on the screen, a string for each line, with ghost text in it."""
        return [text.replace("\u00a0", " ") for text in self.do("texts", selector=".view-line")]

    def drawn(self) -> str:
        """What decorations write on the screen, without CSS's quotes."""
        return "\n".join(self.do("drawn")).replace("\u00a0", " ").replace('"', "")

    def until(self, holds: Any, what: str, *, timeout_s: float = 20.0) -> None:
        """Returns when it is so; else an AssertionError with what stands on the screen."""
        end = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"not within {timeout_s:.0f} s: {what}\n" + "\n".join(self.lines()))
            self.do("pause", ms=100)


@contextmanager
def window(place: Place, settings: dict[str, Any]) -> Iterator[Page]:
    """VS Code on the project of a fresh user, our extension in it, the tapped server in its settings."""
    root, vsix = ensure(), package()
    data, extensions = place.folder / "vscode", place.folder / "extensions"
    (data / "User").mkdir(parents=True)
    mine = {**SETTINGS, "ai-lsp.server.path": str(place.folder / "bin" / "ai-lsp"), **settings}
    (data / "User" / "settings.json").write_text(json.dumps(mine), encoding="utf-8")
    node, entry = root / "node_modules/node/bin/node", root / "node_modules/code-server/out/node/entry.js"
    environment = place.environment()
    environment["PATH"] = f"{node.parent}{os.pathsep}{environment['PATH']}"
    common = [str(node), str(entry), "--extensions-dir", str(extensions), "--user-data-dir", str(data)]
    common += ["--config", str(place.folder / "code-server.yaml")]
    (place.folder / "code-server.yaml").write_text("auth: none\n", encoding="utf-8")
    subprocess.run(
        [*common, "--install-extension", str(vsix)], check=True, capture_output=True, env=environment, timeout=120
    )
    port = unused_port()
    flags = [
        "--auth",
        "none",
        "--bind-addr",
        f"127.0.0.1:{port}",
        "--disable-telemetry",
        "--disable-update-check",
    ]
    log = (place.folder / "code-server.log").open("w")
    server = subprocess.Popen([*common, *flags], env=environment, stdout=log, stderr=log)
    driver = subprocess.Popen(
        [str(node), str(DRIVER), str(root / "node_modules"), str(chromium())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthz")
        page = Page(driver)
        page.do("goto", url=f"http://127.0.0.1:{port}/?folder={place.project}")
        page.do("wait", selector=".explorer-folders-view .monaco-list-row", timeout=60000)
        yield page
    finally:
        assert driver.stdin is not None
        driver.stdin.close()  # its end; the browser closes with it
        server.terminate()
        for process in (driver, server):
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
        log.close()


def _wait_for(url: str) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _npm(folder: Path, npm: str, *arguments: str) -> None:
    _run(folder, [npm, *arguments, "--no-audit", "--no-fund"])


def _run(folder: Path, command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, cwd=folder, capture_output=True, text=True, timeout=600)
    except subprocess.CalledProcessError as failure:
        said = (failure.stderr or failure.stdout or "").strip()[-800:]
        raise CannotInstall(f"{' '.join(command[:3])} failed ({failure.returncode}): {said}") from failure
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise CannotInstall(f"{command[0]}: {failure}") from failure


if __name__ == "__main__":
    began = time.monotonic()
    sys.stdout.write(f"{ensure()} and {package()}, {time.monotonic() - began:.1f} s\n")
