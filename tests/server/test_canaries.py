"""Planted texts that must never leave, wherever the server can reach; the model's wire is searched for all.

One long session of the real server: files are opened, asked about, changed, ignored, closed and deleted. Then
every byte that reached the model, the log at its most talkative, all messages and the ledger are searched.
"""

from __future__ import annotations

import asyncio
import base64
import random
import secrets
import string
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ai_lsp.cli.lsp_client import LspClient
from tests.hostile.wire import Wire, leaks
from tests.scripted_model import ScriptedModel
from tests.server.driving import inline, ready, route

COMMAND = [str(Path(sys.executable).with_name("ai-lsp")), "--stdio"]


@dataclass
class Canaries:
    """Texts by what they were planted as."""

    planted: dict[str, str] = field(default_factory=dict)

    def new(self, name: str, text: str = "") -> str:
        assert name not in self.planted
        self.planted[name] = text or "c7K" + secrets.token_hex(12)
        return self.planted[name]


def letters(size: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "a7" + "".join(random.SystemRandom().choices(alphabet, k=size - 2))


def jwt() -> str:
    parts = (base64.urlsafe_b64encode(f'{{"{letters(20)}":1}}'.encode()).decode().rstrip("=") for _ in range(2))
    return ".".join([*parts, letters(43)])


ABOVE = "folder above the workspace"
SECRET_FILES = (
    *(".env", ".env.production", "id_rsa", "deploy/server.pem", ".aws/credentials", ".npmrc", ".netrc"),
    *(".git-credentials", "main.tfvars", "kubeconfig", "sub/.ENV", "app/service-account.json", "secrets.yaml"),
)
IGNORED_FILES = {
    "private/plan.py": ".aiignore",
    "drafts/idea.md": ".cursorignore",
    "sub/deep/notes.py": "sub/.aiignore",
    "legal/case.txt": "the user's settings",
    "legacy/old.py": ".ai-lsp.toml",
}


def in_code(canaries: Canaries) -> dict[str, str]:
    """Ordinary files, each with secrets in it that only detection can keep."""
    new = canaries.new
    body = "\n".join(new(f"PEM line {n}", "MII" + letters(61)) for n in range(3))
    copied = new("a copy without a name")
    return {
        "src/client.py": f'import os\nOPENAI = "{new("OpenAI key", "sk-proj-" + letters(40))}"\n'
        f'aws_secret_access_key = "{new("AWS secret", letters(40))}"\nx = ',
        "src/hub.py": f'headers = {{"Authorization": "Bearer {new("bearer token", letters(40))}"}}\n'
        f"push('{new('GitHub token', 'ghp_' + letters(36))}')\nx = ",
        "src/db.py": f'engine = connect("postgresql://app:{new("password in a URL", letters(16))}@db/app")\n'
        f'password = "{new("password literal")}"\nx = ',
        "src/auth.ts": f'const token = "{new("JSON web token", jwt())}";\n'
        f'const cfg = {{ clientSecret: "{new("client secret")}" }};\nlet x = ',
        "src/keys.py": f'K = """-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"""\nx = ',
        "src/copy.py": f'# {copied}\napi_key = "{copied}"\nprint("{copied}")\nx = ',
        "src/hook.go": f'var u = "https://hooks.slack.com/services/T0A/B0B/{new("Slack webhook", letters(24))}"\n'
        f'var s = "{new("Stripe key", "sk_live_" + letters(24))}"\nvar x = ',
        "conf/app.yaml": f"db:\n  password: {new('YAML password')}\nname: ",
        "conf/app.properties": f"spring.password={new('property')}\nname=",
        "run.sh": f"export DEPLOY_TOKEN={new('shell variable')}\necho ",
        "web.config": f'<add key="DbPassword" value="{new("XML attribute")}" />\n<add ',
        "data.json": f'{{"api_key": "{new("JSON value")}",\n "b": ',
        "Program.cs": f'var c = "Server=db;User Id=sa;Password={new("ADO password")};";\nvar x = ',
        "notes.txt": f"the token: {new('prose', 'glpat-' + letters(20))} is old\n\nnext ",
        "big.py": f'password = "{new("far above the cursor")}"\n' + "value = compute(1)\n" * 1_500 + "x = ",
        "line.py": f'login(password="{new("the same line")}"); x = ',
    }


async def test_no_canary_leaves(tmp_path: Path) -> None:
    canaries = Canaries()
    new = canaries.new
    root = tmp_path / new(ABOVE) / "project"
    files = {name: f"TOKEN={new(f'in {name}')}\nplain text\n" for name in SECRET_FILES}
    files |= {name: f"plain words, {new(f'in {name}, ignored by {by}')}\n" for name, by in IGNORED_FILES.items()}
    files |= {f"private/{new('name of an ignored file')}.py": "x = 1\n"}
    code = in_code(canaries)
    seen_environment = new("variable that also stands in a file")
    code["src/env.py"] = f'print("{seen_environment}")\nx = '
    lay_out(root, {**files, **code})
    outside = tmp_path / "outside"
    linked = lay_out(
        outside,
        {
            "linked.py": f"text = '{new('behind a link')} words'\n",
            "folder/inner.py": f"text = '{new('in a linked folder')} words'\n",
        },
    )
    (root / "link.py").symlink_to(linked[0])
    (root / "folder").symlink_to(outside / "folder")
    (root / "env_link.py").symlink_to(root / ".env")
    (root / ".aiignore").write_text("private/\n")
    (root / ".cursorignore").write_text("drafts/\n")
    (root / "sub/.aiignore").write_text("deep/\n")
    (root / ".ai-lsp.toml").write_text(
        f'[privacy]\nignore = ["legacy/"]\n[models.tab]\napi_key = "{new("key in the workspace file")}"\n'
    )
    config = tmp_path / "config" / "ai-lsp" / "config.toml"
    lay_out(config.parent, {"config.toml": f'[models.other]\napi_key = "{new("key in the user file")}"\n'})
    homes = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CONFIG", "CACHE", "STATE")}
    environment = {
        **homes,
        "SERVICE_TOKEN": seen_environment,
        "ODD_VARIABLE": new("variable with a plain name"),
        "GH_TOKEN": new("variable of another program"),
    }
    log = tmp_path / "log.txt"
    async with ScriptedModel(dialect="llamacpp", reply="compute(1)") as model, Wire(model.port) as wire:
        options: dict[str, Any] = {
            **route(wire.url, context_tokens=200_000, api_key=new("key in the editor's options")),
            "privacy": {"ignore": ["legal/"]},
            "log": {"level": "debug", "file": str(log)},
        }
        client = await LspClient.start(COMMAND, root, options=options, environment=environment)
        async with client:
            await ready(client)
            for name in [*files, *code, "link.py", "folder/inner.py", "env_link.py"]:
                await ask_at_end(client, root / name)
            asked = len(model.requests)
            await edit(client, root, canaries)
            await ignore_later(client, root, canaries, options)
            await type_secrets(client, root, canaries)
            messages = "\n".join(map(str, client.seen.messages))
        stderr = "\n".join(client.stderr)
    assert len(canaries.planted) >= 40
    assert asked >= len(code)  # ordinary files were sent, with what may be seen of them
    assert b"value = compute(1)" in wire.received
    searched = {
        "wire": wire.received,
        "log": log.read_bytes() + stderr.encode() + messages.encode(),
        "ledger": (tmp_path / "state" / "ai-lsp" / "egress.jsonl").read_bytes(),
    }
    names = {text: name for name, text in canaries.planted.items()}
    found = {where: [names[text] for text in leaks(names, data)] for where, data in searched.items()}
    found["log"] = [name for name in found["log"] if name != ABOVE]  # the user's own log names the user's paths
    assert found == {"wire": [], "log": [], "ledger": []}, found
    hidden = [text for name, text in canaries.planted.items() if name.startswith("in ")]
    cached = b"".join(each.read_bytes() for each in (tmp_path / "cache").rglob("*") if each.is_file())
    # Wrong, and known: the index of the embedded predictor, which stays on this machine, does not hear of
    # `privacy.ignore`, and holds the secrets of ordinary files as it holds their other text.
    assert {names[text] for text in leaks(hidden, cached)} <= {"in legacy/old.py, ignored by .ai-lsp.toml"}


async def edit(client: LspClient, root: Path, canaries: Canaries) -> None:
    """Text that was there and is not any more: removed, in a document that was closed, in one never saved."""
    uri = (root / "edited.py").as_uri()
    client.open(uri, "x = 1\ny = ")
    removed = f'password = "{canaries.new("removed text")}"\n'
    client.change(uri, 0, 0, removed)
    client.change(uri, 0, len(removed), "")
    await inline(client, uri, len(client.documents[uri].text))
    closed = (root / "closed.py").as_uri()
    client.open(closed, f'secret_key = "{canaries.new("closed document")}"\nx = ')
    client.close(closed)
    client.change(uri, 0, 0, "z = 3\n")
    await inline(client, uri, len(client.documents[uri].text))
    unsaved = f"untitled:{root.as_posix()}/.env"
    client.open(unsaved, f"TOKEN={canaries.new('unsaved secret file')}\n")
    await inline(client, unsaved, len(client.documents[unsaved].text))
    (root / "src/client.py").unlink()
    change = {"uri": (root / "src/client.py").as_uri(), "type": 3}
    client.notify("workspace/didChangeWatchedFiles", {"changes": [change]})


async def ignore_later(client: LspClient, root: Path, canaries: Canaries, options: dict[str, Any]) -> None:
    """Files that were sent while they were harmless, and are ignored before the canary comes."""
    for name in ("later.py", "later_by_settings.py", "untouched.py"):
        lay_out(root, {name: "x = "})
        await ask_at_end(client, root / name)
    ignore = root / ".aiignore"
    ignore.write_text("private/\nlater.py\n")
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": ignore.as_uri(), "type": 2}]})
    await append(client, root / "later.py", f"plain {canaries.new('typed after the ignore file changed')} ")
    more = {**options, "privacy": {"ignore": ["legal/", "later_by_settings.py"]}}
    more["models"] = {"tab": {**options["models"]["tab"], "password": canaries.new("key in changed settings")}}
    client.notify("workspace/didChangeConfiguration", {"settings": {"ai-lsp": more}})
    await asyncio.sleep(0.3)
    await ready(client)
    text = f"plain {canaries.new('typed after the settings changed')} "
    await append(client, root / "later_by_settings.py", text)
    await append(client, root / "untouched.py", "y")


async def type_secrets(client: LspClient, root: Path, canaries: Canaries) -> None:
    """Secrets typed key by key with a request at each, then the cursor moved through them."""
    typed = {
        'password = "': canaries.new("password typed"),
        'x = "': canaries.new("vendor's key typed", "sk-ant-" + letters(40)),
        'url = "amqp://me:': canaries.new("password of a URL typed"),
    }
    for number, (before, secret) in enumerate(typed.items()):
        uri = (root / f"typed{number}.py").as_uri()
        client.open(uri, before)
        for key in secret:
            end = len(client.documents[uri].text)
            client.change(uri, end, end, key)
            await inline(client, uri, end + 1)
        end = len(client.documents[uri].text)
        client.change(uri, end, end, '"\ny = ' if "://" not in before else '@host"\ny = ')
        for offset in (end + 1, end - 3, len(before) + 5, len(before), 0, len(client.documents[uri].text)):
            await inline(client, uri, offset)


async def ask_at_end(client: LspClient, path: Path) -> None:
    client.open(path.as_uri(), path.read_text())
    await inline(client, path.as_uri(), len(client.documents[path.as_uri()].text))


async def append(client: LspClient, path: Path, text: str) -> None:
    uri = path.as_uri()
    end = len(client.documents[uri].text)
    client.change(uri, end, end, text)
    await inline(client, uri, end + len(text))


def lay_out(root: Path, files: dict[str, str]) -> list[Path]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return [root / name for name in files]
