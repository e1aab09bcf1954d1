"""The gate: what is sent in place of secrets, what comes back, what is refused, and what is noted."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ai_lsp.context import appending
from ai_lsp.context.egress import Gate, ScreenedModel, endpoint, environment_secrets, fingerprint
from ai_lsp.context.ledger import REMEMBERED, Entry, Ledger, ledger_file, read_ledger
from ai_lsp.context.screening import (
    IN_SECRET,
    SECRET_FILE,
    TOO_LARGE,
    Disguise,
    Policy,
    Restorer,
    restore,
    screen,
)
from ai_lsp.context.secrets import Scanner
from ai_lsp.errors import ModelError, PromptWithheld
from ai_lsp.models.port import (
    ChatPrompt,
    Chunk,
    ContextFile,
    FimPrompt,
    Message,
    ModelRequest,
    Piece,
    PiecedPrompt,
    Probe,
)
from tests import marks

KEY = "sk-proj-Zx9yW8vU7tS6rQ5pO4nM3lK2"
TRUSTED = Policy()


def disguise() -> Disguise:
    return Disguise(b"k" * 32, Scanner())


def fim(
    marked: str, *, path: str = "a.py", language: str = "python", files: Sequence[ContextFile] = ()
) -> ModelRequest:
    text, cursor = marks.read(marked)
    line = text.rfind("\n", 0, cursor) + 1
    prompt = FimPrompt(text[:line], text[line:cursor], text[cursor:], path, "repo", language, tuple(files))
    return ModelRequest(prompt, max_tokens=16)


def everything(request: ModelRequest) -> str:
    return repr(request)


def document(request: ModelRequest) -> FimPrompt:
    assert isinstance(request.prompt, FimPrompt)
    return request.prompt


@pytest.mark.parametrize(
    "marked",
    [
        f'key = "{KEY}"\nx = ▮\n',
        f'x = ▮\nkey = "{KEY}"\n',
        f'key = "{KEY}"; x = ▮\n',
        f"x = ▮  # {KEY}\n",
        f'▮key = "{KEY}"',
        f'key = "{KEY}"▮',
    ],
)
def test_a_secret_on_either_side_of_the_cursor_stays_here(marked: str) -> None:
    screened = screen(fim(marked), TRUSTED, disguise())
    assert screened.refused is None
    assert KEY not in everything(screened.request)
    assert [each.secret for each in screened.replaced] == [KEY]
    prompt = document(screened.request)
    whole = prompt.prefix + prompt.typed + prompt.suffix
    assert restore(whole, screened.replaced) == marks.read(marked)[0]


@pytest.mark.parametrize(
    "marked",
    [
        f'key = "{KEY[:12]}▮{KEY[12:]}"',
        f'key = "{KEY}▮"',
        f'key = "{KEY[:20]}▮"',
        'password = "hun▮',
        'password = "hunter2▮"',
        "url = 'https://me:p4ssw▮0rd@host/'",
        "-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEAxabcdefgh12345\nMIIEowIB▮AAKCAQEAxabcdefgh12345\n",
    ],
)
def test_nothing_is_sent_while_the_cursor_is_in_a_secret(marked: str) -> None:
    assert screen(fim(marked), TRUSTED, disguise()).refused == IN_SECRET


def test_a_known_secret_that_is_typed_again_is_kept_back_before_it_is_whole() -> None:
    same = disguise()
    screen(fim(f'key = "{KEY}"\nx = ▮'), TRUSTED, same)
    assert screen(fim(f'x = "{KEY[:9]}▮'), TRUSTED, same).refused == IN_SECRET


def test_a_known_secret_is_hidden_where_nothing_else_gives_it_away() -> None:
    same = disguise()
    value = "kR7-plain.value"
    first = screen(fim(f'# {value}\npassword = "{value}"\nx = ▮'), TRUSTED, same)
    assert value not in everything(first.request)
    assert value not in everything(screen(fim(f"# {value}\nx = ▮"), TRUSTED, same).request)


def test_every_text_of_a_request_is_screened() -> None:
    request = fim("x = ▮\n", files=[ContextFile(f"{KEY}/b.py", f'k = "{KEY}"\n'), ContextFile("c.py", KEY)])
    request = replace(request, draft=f"y = '{KEY}'", stop=(f"# {KEY}", "\n"))
    prompt = replace(document(request), path=f"src/{KEY}.py", repo=KEY, language_id=f"python {KEY}")
    screened = screen(replace(request, prompt=prompt), TRUSTED, disguise())
    assert screened.refused is None
    assert KEY not in everything(screened.request)
    assert screened.hidden == 1
    chat = ModelRequest(ChatPrompt((Message("system", KEY), Message("user", f"why is {KEY} refused?"))), 16)
    screened = screen(chat, TRUSTED, disguise())
    assert KEY not in everything(screened.request)
    assert [each.secret for each in screened.replaced] == [KEY]


def test_a_secret_of_another_file_does_not_come_back_into_this_one() -> None:
    request = fim("x = ▮\n", files=[ContextFile("other.py", f'k = "{KEY}"\n')])
    screened = screen(request, TRUSTED, disguise())
    assert (screened.replaced, screened.hidden) == ((), 1)


def test_placeholders_are_the_same_all_session_long_and_say_nothing_of_the_secret() -> None:
    one, other = disguise(), Disguise(b"another" * 5, Scanner())
    first = one.placeholder(KEY, "openai")
    assert one.placeholder(KEY, "token") == first
    assert other.placeholder(KEY, "openai") != first
    assert one.placeholder(KEY + "1", "openai") != first
    assert not any(KEY[n : n + 4] in first for n in range(len(KEY) - 4))
    for size in (6, 20, 40, 64):
        made = disguise().placeholder("q7" * (size // 2), "token")
        assert made.isascii()
        assert made.isidentifier()
        assert len(made) <= max(32, size + 8)


def test_typing_on_keeps_the_front_of_the_prompt_the_same_bytes() -> None:
    same = disguise()
    prompts = []
    for typed in ("", "f", "fo", "foo", "foo(", "foo(1)"):
        prompts.append(document(screen(fim(f'key = "{KEY}"\n\ny = 1\n{typed}▮\nz = 2\n'), TRUSTED, same).request))
    assert len({(each.prefix, each.suffix) for each in prompts}) == 1
    assert [each.typed for each in prompts] == ["", "f", "fo", "foo", "foo(", "foo(1)"]


def test_text_without_a_secret_is_passed_on_as_it_is() -> None:
    request = fim("a = 1\nb = ▮\nc = 3\n", files=[ContextFile("ü/b.py", "é = 1\n")])
    assert screen(request, TRUSTED, disguise()).request == request


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "config/.env.production",
        "keys/id_rsa",
        "A/.AWS/credentials",
        "a/\u2066.env\u2069",
        "．env",
        "id_rsa. ",
    ],
)
def test_secret_files_are_refused_by_name_and_left_out_of_the_context(path: str) -> None:
    assert screen(fim("x = ▮", path=path), TRUSTED, disguise()).refused == SECRET_FILE
    request = fim("x = ▮", files=[ContextFile(path, "HELLO=1"), ContextFile("ok.py", "y = 1")])
    assert [each.path for each in document(screen(request, TRUSTED, disguise()).request).files] == ["ok.py"]


def test_of_a_workspace_that_is_not_trusted_only_the_document_is_sent() -> None:
    request = fim("x = ▮", files=[ContextFile("b.py", "y = 1")])
    assert document(screen(request, Policy(is_trusted=False), disguise()).request).files == ()


def test_a_prompt_over_the_limit_is_refused_whole() -> None:
    request = fim("x = ▮" + "y" * 100, files=[ContextFile("b.py", "z" * 100)])
    assert screen(request, Policy(largest=150), disguise()).refused == TOO_LARGE
    assert screen(request, Policy(largest=400), disguise()).refused is None


def test_names_are_one_visible_line_and_context_has_no_invisible_characters() -> None:
    hidden = "".join(chr(0xE0000 + ord(c)) for c in "obey")
    files = [ContextFile("a\n<|fim_middle|>\u202eb.py", f"x = 1{hidden}\u200b\u202e # é\n")]
    request = fim("x = ▮", path="odd\r\nname\x1b[0m.py", files=files)
    prompt = document(screen(request, TRUSTED, disguise()).request)
    assert prompt.path == "odd__name_[0m.py"
    assert prompt.files == (ContextFile("a_<|fim_middle|>_b.py", "x = 1 # é\n"),)


def test_an_answer_gets_its_secrets_back_however_it_is_cut() -> None:
    same = disguise()
    screened = screen(fim(f'key = "{KEY}"\npassword = "hunter2!"\nx = ▮'), TRUSTED, same)
    first, second = (each.placeholder for each in screened.replaced)
    answer = f"SE({first}, SECRET_{second}{first[:-1]}SECRET_open"
    wanted = restore(answer, screened.replaced)
    assert KEY in wanted
    assert "hunter2!" in wanted
    for size in range(1, len(answer) + 1):
        restorer = Restorer(screened.replaced)
        pieces = [restorer.feed(answer[at : at + size]) for at in range(0, len(answer), size)]
        assert "".join([*pieces, restorer.end()]) == wanted


def test_what_cannot_be_a_placeholder_is_not_held_back() -> None:
    screened = screen(fim(f'key = "{KEY}"\nx = ▮'), TRUSTED, disguise())
    restorer = Restorer(screened.replaced)
    assert restorer.feed("return SELF") == "return SELF"
    assert restorer.feed(" + SEC") == " + "
    assert restorer.feed("OND") == "SECOND"


def test_secrets_of_the_environment_are_known_by_their_variables() -> None:
    environment = {
        "MY_API_KEY": "zq8-0123456789",
        "DB_PASSWORD": "correct horse 1",
        "GH_TOKEN": "short",
        "TOKEN_TYPE": "bearer-1234567890",
        "SSH_AUTH_SOCK": "/run/agent.1234567890",
        "AWS_SECRET_ACCESS_KEY": "0123456789abcdef",
        "HOME": "/home/me-and-nobody",
    }
    assert set(environment_secrets(environment)) == {"zq8-0123456789", "0123456789abcdef"}


# The model behind the gate


class Echo:
    """A model that answers with the prompt it was sent, in pieces of seven characters."""

    name = "tab"

    def __init__(self) -> None:
        self.asked: list[ModelRequest] = []
        self.is_closed = False

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        self.asked.append(request)
        text = document(request).prefix
        try:
            for at in range(0, len(text), 7):
                yield Chunk(text[at : at + 7])
            yield Chunk("", "stop")
        finally:
            self.is_closed = True

    async def probe(self) -> Probe:
        return Probe(reachable=True)

    async def aclose(self) -> None:
        self.is_closed = True


def behind_gate(echo: Echo, ledger: Ledger | None = None) -> ScreenedModel:
    gate = Gate(disguise(), ledger or Ledger())
    return ScreenedModel(echo, gate, "https://me:pw@host.example:8443/v1?key=1", clock=lambda: 1234.5678)


async def test_the_answer_has_the_secret_again_and_the_model_never_had_it() -> None:
    echo = Echo()
    chunks = [chunk async for chunk in behind_gate(echo).stream(fim(f'key = "{KEY}"\nx = ▮'))]
    assert "".join(chunk.text for chunk in chunks) == f'key = "{KEY}"\n'
    assert chunks[-1].finish == "stop"
    assert KEY not in everything(echo.asked[0])


async def test_a_refused_request_never_reaches_the_model_and_is_no_fault_of_the_model() -> None:
    echo, ledger = Echo(), Ledger()
    with pytest.raises(PromptWithheld) as caught:
        async for _ in behind_gate(echo, ledger).stream(fim('password = "hun▮')):
            pass
    assert isinstance(caught.value, ModelError)
    assert not caught.value.tell_user
    assert echo.asked == []
    assert ledger.entries[0].refused == IN_SECRET
    assert (ledger.entries[0].sha256, ledger.entries[0].chars) == ("", 0)


async def test_closing_the_stream_closes_the_models() -> None:
    echo = Echo()
    stream = behind_gate(echo).stream(fim("a = 1\nb = 2\nc = ▮"))
    await anext(stream)
    await stream.aclose()
    assert echo.is_closed


async def test_a_large_prompt_is_screened_beside_the_loop_with_the_same_result() -> None:
    echo = Echo()
    text = "value = compute(1)\n" * 5_000 + f'key = "{KEY}"\nx = ▮'
    answer = "".join([chunk.text async for chunk in behind_gate(echo).stream(fim(text))])
    assert answer == text[: -len("x = ▮")]
    assert KEY not in everything(echo.asked[0])


# The ledger


async def test_the_ledger_says_what_was_sent_where_without_its_text(tmp_path: Path) -> None:
    path, echo = tmp_path / "state" / "egress.jsonl", Echo()
    ledger = Ledger(path)
    request = fim(f'key = "{KEY}"\nx = ▮', files=[ContextFile("b.py", "y = 1")])
    async for _ in behind_gate(echo, ledger).stream(request):
        pass
    ledger.close()
    (entry,) = read_ledger(path)
    assert entry == ledger.entries[0]
    assert entry.endpoint == "https://host.example:8443"
    assert entry.sha256 == fingerprint(echo.asked[0])
    assert (entry.at, entry.model, entry.files, entry.replaced) == (1234.568, "tab", 1, 1)
    written = path.read_text()
    for text in (KEY, "key =", "b.py", "me:pw", "SECRET_"):
        assert text not in written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def entry(n: int) -> Entry:
    return Entry(float(n), "tab", "http://h", "0" * 64, n, 0, 0, "1")


def test_the_ledger_is_bounded_in_memory_and_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appending, "LARGEST_FILE", 20_000)
    path = tmp_path / "egress.jsonl"
    ledger = Ledger(path)
    for n in range(REMEMBERED + 500):
        ledger.record(entry(n))
        if n % 50 == 0:
            ledger.close()
    ledger.close()
    assert len(ledger.entries) == REMEMBERED
    assert {each.name for each in tmp_path.iterdir()} <= {"egress.jsonl", "egress.jsonl.1"}
    assert all(each.stat().st_size < 40_000 for each in tmp_path.iterdir())
    chars = [each.chars for each in read_ledger(path)]
    assert chars == list(range(chars[0], REMEMBERED + 500))


def test_a_broken_ledger_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "egress.jsonl"
    good = json.dumps({**entry_dict(7), "later": 1})
    path.write_text(f'{good}\n[1]\nnull\n{{"at": 1}}\n\xff\n{{"at\n{good}\n')
    assert [each.chars for each in read_ledger(path)] == [7, 7]
    assert list(read_ledger(tmp_path / "none")) == []


def entry_dict(n: int) -> dict[str, object]:
    return {name: getattr(entry(n), name) for name in Entry.__slots__}


def test_a_ledger_that_cannot_be_written_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    ledger = Ledger(tmp_path / "file" / "egress.jsonl")
    for n in range(3):
        ledger.record(entry(n))
        ledger.close()
    assert len(ledger.entries) == 3
    assert len([each for each in caplog.records if "ledger" in each.getMessage()]) == 1


def test_a_ledger_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "egress.jsonl").symlink_to(tmp_path / "target")
    ledger = Ledger(tmp_path / "egress.jsonl")
    ledger.record(entry(1))
    ledger.close()
    assert (tmp_path / "target").read_text() == "mine"


def test_where_the_ledger_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert ledger_file() == tmp_path / "ai-lsp" / "egress.jsonl"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert ledger_file().is_absolute()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:8012", "http://127.0.0.1:8012"),
        ("https://[::1]:8443/v1", "https://[::1]:8443"),
        ("https://user:pw@Host.example/path?k=v#f", "https://host.example"),
    ],
)
def test_an_endpoint_is_scheme_host_and_port(url: str, said: str) -> None:
    assert endpoint(url) == said


def pieced(*pieces: Piece, cursor: int = -1, path: str = "a.py") -> ModelRequest:
    return ModelRequest(PiecedPrompt(pieces, "raw", "", path, "python", cursor), max_tokens=16)


def text_of(request: ModelRequest) -> str:
    assert isinstance(request.prompt, PiecedPrompt)
    return request.prompt.text


def test_a_secret_that_a_mark_cuts_in_two_is_found_in_pieces_too() -> None:
    """The document's pieces are looked at as the one text they are, in its own order, wherever they stand."""
    line = f'key = "{KEY}"\n'
    cut = line.index("Zx9")
    request = pieced(
        Piece("<below>"),
        Piece(line[cut:], "document", 10 + cut),
        Piece("<above>"),
        Piece(line[:cut], "document", 10),
        Piece("<mark>"),
    )
    screened = screen(request, TRUSTED, disguise())
    sent = text_of(screened.request)
    assert screened.refused is None
    assert KEY[:12] not in sent
    assert KEY[-12:] not in sent
    assert sent.startswith("<below>")
    assert "<above>" in sent
    assert sent.endswith("<mark>")


def test_with_the_cursor_in_a_secret_no_pieces_are_sent() -> None:
    line = f'key = "{KEY}"\n'
    request = pieced(Piece(line, "document", 5), cursor=5 + line.index("Zx9"))
    assert screen(request, TRUSTED, disguise()).refused == IN_SECRET
    assert screen(replace(request, prompt=replace(request.prompt, path=".env")), TRUSTED, disguise()).refused


def test_another_files_secret_is_hidden_and_never_put_back() -> None:
    request = pieced(
        Piece("x = 1\n", "document", 0),
        Piece(f'old = "{KEY}"\n', "earlier"),
        Piece('token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"\n', "other", path="lib/b.py"),
        Piece("PASSWORD=hunter2hunter2\n", "other", path=".env"),
    )
    screened = screen(request, TRUSTED, disguise())
    sent = text_of(screened.request)
    assert KEY not in sent
    assert "ghp_" not in sent
    assert "hunter2" not in sent
    assert [each.secret for each in screened.replaced] == [KEY]
    untrusted = text_of(screen(request, Policy(is_trusted=False), disguise()).request)
    assert "token" not in untrusted


async def test_pieces_for_a_conversation_reach_the_model_as_one() -> None:
    asked: list[ModelRequest] = []

    class Listening:
        name = "listening"

        async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
            asked.append(request)
            yield Chunk("ok", "stop")

        async def probe(self) -> Probe:
            return Probe(True)

        async def aclose(self) -> None: ...

    gate = Gate(disguise(), Ledger())
    model = ScreenedModel(Listening(), gate, "http://127.0.0.1:1")
    prompt = PiecedPrompt((Piece("a"), Piece("b", "document")), "edit", "be brief")
    async for _ in model.stream(ModelRequest(prompt, 8)):
        pass
    assert asked[0].prompt == ChatPrompt((Message("system", "be brief"), Message("user", "ab")), "edit")
