"""A request without its secrets: placeholders stand for them; the answer gets back those of its document."""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from ai_lsp.context.secrets import Found, Scanner, is_unfinished, starts_within
from ai_lsp.context.workspace_files import is_secret
from ai_lsp.models.port import ChatPrompt, ContextFile, FimPrompt, Message, ModelRequest, PiecedPrompt

IN_SECRET = "the cursor is in what looks like a secret"

TOO_LARGE = "the prompt is too large"

SECRET_FILE = "the file's name says that it holds secrets"


@dataclass(frozen=True, slots=True)
class Policy:
    """What may leave. `largest` is all of a prompt's text, in characters; of a workspace that is not trusted,
    only the document being edited is sent."""

    is_trusted: bool = True
    largest: int = 2_000_000

    def __str__(self) -> str:
        return f"1{'' if self.is_trusted else ' untrusted'}"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A secret and what is sent in its place."""

    placeholder: str
    secret: str


@dataclass(frozen=True, slots=True)
class Screened:
    """A request as it may be sent, or why it may not. `replaced` are the secrets that its answer may get back:
    those of the document itself or of the conversation, never those of another file. `hidden` counts all."""

    request: ModelRequest
    replaced: tuple[Replacement, ...] = ()
    hidden: int = 0
    refused: str | None = None


class Disguise:
    """Placeholders for secrets: the same one for the same secret while this lives, and nothing of it in them."""

    def __init__(self, key: bytes, scanner: Scanner) -> None:
        """`key` is random, so that a placeholder cannot be tried out against guessed secrets."""
        self.scanner = scanner
        self._key = key
        self._placeholders: dict[str, str] = {}
        self._secrets: dict[str, str] = {}

    def knows_part(self, text: str) -> bool:
        """Whether a text is the beginning of a secret seen before."""
        return any(secret.startswith(text) for secret in self._placeholders)

    def placeholder(self, secret: str, kind: str) -> str:
        """What stands for a secret: its kind, a tag, and about its length (at most 64 characters of filling)."""
        if (known := self._placeholders.get(secret)) is not None:
            return known
        digest = hmac.new(self._key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        made = next(
            m for size in range(8, 65) if self._secrets.get(m := _filled(kind, digest[:size], secret)) is None
        )
        self._placeholders[secret], self._secrets[made] = made, secret
        if len(secret) >= 12 and kind != "private_key":
            self.scanner.learn(secret, kind)
        return made

    def look_ahead(self, text: str, path: str, language_id: str = "") -> Iterator[None]:
        """Look at a text of a file before a prompt holds it, a little at each step."""
        return self.scanner.look_ahead(text, is_data=is_data(path, language_id))

    def hide(self, text: str, found: Sequence[Found], used: dict[str, str]) -> str:
        """The text with placeholders for what was found; `used` gets placeholder → secret."""
        if not found:
            return text
        pieces, at = [], 0
        for one in found:
            secret = text[one.start : one.end]
            placeholder = self.placeholder(secret, one.kind)
            used[placeholder] = secret
            pieces += [text[at : one.start], placeholder]
            at = one.end
        return "".join([*pieces, text[at:]])


def screen(request: ModelRequest, policy: Policy, disguise: Disguise) -> Screened:
    """The request with every secret in it replaced, or refused whole. The same request gives the same bytes."""
    if chars(request) > policy.largest:
        return Screened(request, refused=TOO_LARGE)
    for _ in range(_MOST_ROUNDS):
        learnt = disguise.scanner.learnt
        screened = _screen_once(request, policy, disguise)
        if disguise.scanner.learnt == learnt:
            break  # else a secret is new, and may also stand where nothing gave it away
    return screened


def _screen_once(request: ModelRequest, policy: Policy, disguise: Disguise) -> Screened:
    own: dict[str, str] = {}
    others: dict[str, str] = {}
    find = disguise.scanner.find
    prompt: FimPrompt | ChatPrompt | PiecedPrompt
    if isinstance(request.prompt, ChatPrompt):
        turns = [Message(m.role, disguise.hide(m.content, find(m.content), own)) for m in request.prompt.messages]
        prompt = replace(request.prompt, messages=tuple(turns))
    elif isinstance(request.prompt, PiecedPrompt):
        pieced = _screen_pieced(request.prompt, policy, disguise, own, others)
        if isinstance(pieced, str):
            return Screened(request, refused=pieced)
        prompt = pieced
    else:
        if (refused := _refusal(request.prompt, disguise)) is not None:
            return Screened(request, refused=refused)
        document = _screen_document(request.prompt, disguise, own)
        if isinstance(document, str):
            return Screened(request, refused=document)
        kept = request.prompt.files if policy.is_trusted else ()
        prompt = replace(document, files=tuple(_screen_files(kept, disguise, others)))
    draft = disguise.hide(request.draft, find(request.draft), own)
    stop = tuple(disguise.hide(each, find(each), own) for each in request.stop)
    screened = replace(request, prompt=prompt, draft=draft, stop=stop)
    replaced = tuple(Replacement(placeholder, secret) for placeholder, secret in own.items())
    return Screened(screened, replaced, len(own.keys() | others.keys()))


def unseen(request: ModelRequest, disguise: Disguise) -> int:
    """Characters of a fill-in-the-middle request that are looked at for the first time: those take time."""
    prompt, unseen_in = request.prompt, disguise.scanner.unseen
    if not isinstance(prompt, FimPrompt):
        return chars(request)
    own = prompt.prefix + prompt.typed + prompt.suffix
    here = unseen_in(own, is_data=is_data(prompt.path, prompt.language_id))
    return here + sum(unseen_in(each.text, is_data=is_data(each.path)) for each in prompt.files)


def restore(text: str, replaced: Iterable[Replacement]) -> str:
    """An answer with the secrets back in their places."""
    for each in replaced:
        text = text.replace(each.placeholder, each.secret)
    return text


class Restorer:
    """`restore` for an answer that comes in pieces: a tail that may become a placeholder waits for the rest."""

    def __init__(self, replaced: Sequence[Replacement]) -> None:
        self._replaced = replaced
        self._held = ""

    def feed(self, text: str) -> str:
        """What can be passed on after one more piece."""
        if not self._replaced:
            return text
        text = restore(self._held + text, self._replaced)
        cut = self._beginning(text)
        self._held = text[cut:]
        return text[:cut]

    def end(self) -> str:
        """What was still held back."""
        held, self._held = self._held, ""
        return held

    def _beginning(self, text: str) -> int:
        """Where the end of the text begins to be the beginning of a placeholder."""
        at = text.find("S", max(0, len(text) - max(len(each.placeholder) for each in self._replaced)))
        while at >= 0:
            if any(each.placeholder.startswith(text[at:]) for each in self._replaced):
                return at
            at = text.find("S", at + 1)
        return len(text)


_DATA_LANGUAGES = frozenset(
    ("yaml", "properties", "ini", "dotenv", "shellscript", "sh", "bash", "dockerfile", "plaintext", "markdown")
) | {"env", "conf", "toml", "text"}

_DATA_SUFFIXES = (".yml", ".yaml", ".properties", ".ini", ".cfg", ".conf", ".env", ".sh", ".toml", ".txt", ".md")

_MOST_ROUNDS = 4

_LAST_RUN = re.compile(r"[^\s\"'`=(\[{,;]{6,}\Z")

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
    "|[\U000e0000-\U000e0fff]"
)


@functools.lru_cache(4096)
def _is_secret_path(path: str) -> bool:
    """Whether a file holds secrets by its name, also when that is spelt with what nobody sees (`.env. `)."""
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", path))
    plain = "/".join(part.rstrip(" .") or part for part in plain.split("/"))
    return is_secret(path) or is_secret(plain)


def is_data(path: str, language_id: str = "") -> bool:
    """Whether values stand without quotes in a file."""
    return language_id in _DATA_LANGUAGES or path.lower().endswith(_DATA_SUFFIXES)


def _refusal(prompt: FimPrompt, disguise: Disguise) -> str | None:
    """Why nothing of a document may be sent, before its text is looked at in full."""
    if prompt.path and _is_secret_path(prompt.path):
        return SECRET_FILE
    left = (prompt.prefix[prompt.prefix.rfind("\n") + 1 :] + prompt.typed)[-2_000:]
    left = left[left.rfind("\n") + 1 :]
    if is_unfinished(left, is_data=is_data(prompt.path, prompt.language_id)):
        return IN_SECRET
    last = _LAST_RUN.search(left)
    return IN_SECRET if last is not None and disguise.knows_part(last[0]) else None


def _screen_document(prompt: FimPrompt, disguise: Disguise, used: dict[str, str]) -> FimPrompt | str:
    """The parts of a document, looked at as the one text they are; a reason where the cursor is in a secret."""
    text = prompt.prefix + prompt.typed + prompt.suffix
    typed_at, cursor = len(prompt.prefix), len(prompt.prefix) + len(prompt.typed)
    found = disguise.scanner.find(text, is_data=is_data(prompt.path, prompt.language_id))
    if (edge := starts_within(text)) and not (found and found[0].start < edge):
        found = [Found(0, edge, "token"), *found]
    if any(one.start < cursor <= one.end for one in found):
        return IN_SECRET
    bounds = (0, typed_at, cursor, len(text))
    parts = []
    for start, end in pairwise(bounds):
        inside = [
            Found(max(one.start, start) - start, min(one.end, end) - start, one.kind)
            for one in found
            if one.start < end and one.end > start
        ]
        parts.append(disguise.hide(text[start:end], inside, used))
    prefix, typed, suffix = parts
    path = _plain(prompt.path, disguise, used)
    repo = _plain(prompt.repo, disguise, used)
    language = prompt.language_id if re.fullmatch(r"[\w.+#-]{0,40}", prompt.language_id) else ""
    return replace(prompt, prefix=prefix, typed=typed, suffix=suffix, path=path, repo=repo, language_id=language)


def _screen_pieced(
    prompt: PiecedPrompt, policy: Policy, disguise: Disguise, own: dict[str, str], others: dict[str, str]
) -> PiecedPrompt | str:
    """The pieces without secrets, those of the document looked at as the one text they are; or why not."""
    if prompt.path and _is_secret_path(prompt.path):
        return SECRET_FILE
    data = is_data(prompt.path, prompt.language_id)
    order = sorted((p.at, index) for index, p in enumerate(prompt.pieces) if p.of == "document" and p.text)
    texts = [prompt.pieces[index].text for _, index in order]
    bounds = list(accumulate(map(len, texts), initial=0))
    text = "".join(texts)
    found = disguise.scanner.find(text, is_data=data)
    if (edge := starts_within(text)) and not (found and found[0].start < edge):
        found = [Found(0, edge, "token"), *found]
    cursor = next(
        (
            s + prompt.cursor - at
            for (at, _), s, e in zip(order, bounds, bounds[1:], strict=False)
            if at <= prompt.cursor <= at + e - s
        ),
        -1,
    )
    if cursor >= 0:
        left = text[max(0, cursor - 2_000) : cursor]
        left = left[left.rfind("\n") + 1 :]
        last = _LAST_RUN.search(left)
        if is_unfinished(left, is_data=data) or any(one.start < cursor <= one.end for one in found):
            return IN_SECRET
        if last is not None and disguise.knows_part(last[0]):
            return IN_SECRET
    hidden = {}
    for (_, index), start, end in zip(order, bounds, bounds[1:], strict=False):
        inside = [
            Found(max(one.start, start) - start, min(one.end, end) - start, one.kind)
            for one in found
            if one.start < end and one.end > start
        ]
        hidden[index] = disguise.hide(text[start:end], inside, own)
    pieces = []
    for index, piece in enumerate(prompt.pieces):
        clean = hidden.get(index, piece.text)
        if piece.of == "other":
            is_kept = policy.is_trusted and not (piece.path and _is_secret_path(piece.path))
            clean = piece.text if piece.text.isascii() else _INVISIBLE.sub("", piece.text)
            of_it = disguise.scanner.find(clean, is_data=is_data(piece.path))
            clean = disguise.hide(clean, of_it, others) if is_kept else ""
        elif piece.of == "earlier":
            clean = disguise.hide(piece.text, disguise.scanner.find(piece.text, is_data=data), own)
        pieces.append(piece if clean == piece.text else replace(piece, text=clean))
    return replace(prompt, pieces=tuple(pieces), path=_plain(prompt.path, disguise, own))


def _screen_files(
    files: Iterable[ContextFile], disguise: Disguise, used: dict[str, str]
) -> Iterator[ContextFile]:
    """Context files without secrets and without characters that nobody sees; secret files are left out."""
    for each in files:
        if _is_secret_path(each.path):
            continue
        text = each.text if each.text.isascii() else _INVISIBLE.sub("", each.text)
        found = disguise.scanner.find(text, is_data=is_data(each.path))
        yield ContextFile(_plain(each.path, disguise, used), disguise.hide(text, found, used))


def _plain(path: str, disguise: Disguise, used: dict[str, str]) -> str:
    """A name as one line that can be seen whole."""
    if not path.isprintable():
        path = "".join(c if c.isprintable() else "_" for c in path)
    path = path[:1_000]
    return disguise.hide(path, disguise.scanner.find(path), used)


def _filled(kind: str, tag: str, secret: str) -> str:
    made = f"SECRET_{kind}_{tag}_"
    return made + "x" * max(1, min(64, -(-len(secret) // 8) * 8 - len(made)))


def texts(request: ModelRequest) -> Iterator[str]:
    prompt = request.prompt
    if isinstance(prompt, PiecedPrompt):
        yield prompt.system
        yield from (piece.text for piece in prompt.pieces)
    elif isinstance(prompt, ChatPrompt):
        for message in prompt.messages:
            yield message.role
            yield message.content
    else:
        yield from (prompt.prefix, prompt.typed, prompt.suffix, prompt.path, prompt.repo, prompt.language_id)
        for file in prompt.files:
            yield file.path
            yield file.text
    yield request.draft
    yield from request.stop


def chars(request: ModelRequest) -> int:
    """Characters of all text that a request sends."""
    return sum(map(len, texts(request)))
