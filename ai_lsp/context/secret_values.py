"""Which names promise a secret (`db_password`, `API_KEY`), and whether the value of one is a secret or a word."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass

_VENDORS = (
    *("adafruit", "airtable", "algolia", "alibaba", "asana", "atlassian", "beamer", "bitbucket", "bittrex"),
    *("cloudflare", "codecov", "coinbase", "confluent", "contentful", "datadog", "discord", "droneci", "dropbox"),
    *("facebook", "fastly", "finicity", "finnhub", "flickr", "freshbooks", "gitter", "gocardless", "heroku"),
    *("hubspot", "intercom", "jfrog", "kraken", "kucoin", "launchdarkly", "linkedin", "looker", "mailchimp"),
    *("mailgun", "mapbox", "mattermost", "meraki", "messagebird", "netlify", "newrelic", "nytimes", "okta"),
    *("plaid", "plivo", "postmark", "sendbird", "sentry", "snyk", "squarespace", "sumologic", "telegram"),
    *("travis", "twitch", "twitter", "yandex", "zendesk"),
)
NAME_WORDS = ("passw", "passphrase", "passcode", "pwd", "secret", "token", "credential", "key", *_VENDORS)
"""In lower case: text with none of them assigns no secret by name."""

_WORD = re.compile(
    r"pass(?:word|wd|phrase|code)|pwd|secret|token|credential"
    r"|(?:api|access|private|auth|signing|encryption|master|session|account|storage|app|client|service)[_\-.]?key"
    rf"|(?P<weak>key(?![a-z])|{'|'.join(_VENDORS)})",
    re.IGNORECASE,
)
_STRONG = re.compile(r"pass(?:word|wd|phrase|code)|pwd|secret|token|credential", re.IGNORECASE)
_LEFT = re.compile(r"[\w.\-]{0,60}\Z")
_RIGHT = re.compile(r"[\w\-]{0,40}")
_S = r"[^\S\n]"
_TYPE = rf"(?:{_S}*:{_S}*(?:str|string|&'?\w*{_S}*str|Optional\[str\]|Final(?:\[str\])?)(?={_S}*=))?"
_JOIN = (
    rf"(?:[\"'`]?\]?{_TYPE}\s{{0,20}}(?::=|=>|={{1,3}}|!==?|:|->|<-){_S}*\n?\s{{0,40}}"  # name = value
    r"|[\"'`],\s{0,20}"  # "name", "value"
    rf"|\({_S}*"  # set_password("value")
    rf"|[\"'`]?{_S}+value{_S}*={_S}*"  # <add key="name" value="…"/>
    rf"|{_S}+(?=[\"'`]))(?:\({_S}*)?"  # define name "value"
)
_OPENING = r"[rbuf@$]{0,2}(?P<quote>[\"'`])"
_QUOTED = rf"{_OPENING}(?P<quoted>(?:\\[^\n]|(?!(?P=quote))[^\\\n]){{1,400}})(?:(?P=quote)|(?=[^\S\n]*(?:\n|\Z)))"
_PLAIN_JOIN = rf"(?:[\"']?{_S}*[=:]{_S}*|>|{_S}+)"
_BARE = r"(?P<bare>[^\s\"'`,;(){}\[\]<>|]{4,400})(?=[\s,;<&|]|\Z)"
_VALUE = re.compile(rf"{_JOIN}{_QUOTED}|{_PLAIN_JOIN}{_BARE}", re.IGNORECASE)
_OPEN_VALUE = re.compile(rf"{_JOIN}{_OPENING}[^\s\"'`]+\Z|{_S}*[=:]{_S}*[^\s\"'`(){{}}\[\]$]+\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Assigned:
    """A value that stands at `start..end` beside a telling name; `is_weak`: the name promises little."""

    name: str
    is_weak: bool
    value: str
    start: int
    end: int
    is_quoted: bool

    @property
    def is_password(self) -> bool:
        return re.search(r"pass|pwd", self.name, re.IGNORECASE) is not None


def assigned(text: str) -> Iterator[Assigned]:
    """Values beside telling names, quoted or not."""
    for name, is_weak, end in _names(text):
        value = _VALUE.match(text, end)
        if value is not None:
            is_quoted = value["quoted"] is not None
            group = "quoted" if is_quoted else "bare"
            yield Assigned(name, is_weak, value[group], *value.span(group), is_quoted)


def is_open_value(left: str, *, is_data: bool) -> bool:
    """Whether a line's part left of the cursor ends in the middle of such a value."""
    opened = (_OPEN_VALUE.match(left, end) for _, is_weak, end in _names(left) if not is_weak)
    return any(match is not None and (match["quote"] is not None or is_data) for match in opened)


def _names(text: str) -> Iterator[tuple[str, bool, int]]:
    """Telling names, whether they promise little, and where they end."""
    done = 0
    for word in _WORD.finditer(text):
        if word.start() < done:
            continue
        left = _LEFT.search(text, max(0, word.start() - 60), word.start())
        right = _RIGHT.match(text, word.end())
        done = right.end() if right else word.end()
        name = text[left.start() if left else word.start() : done]
        if is_telling(name):
            yield name, word["weak"] is not None and not _STRONG.search(name), done


_META = re.compile(
    r"(?:name|id|ids|url|uri|path|file|dir|folder|field|fields|label|title|text|hint|help|message|msg|error|errors"
    r"|len|length|size|count|type|types|kind|header|headers|prefix|suffix|regex|pattern|format|env|var|variable|expir\w*"
    r"|ttl|age|timeout|method|mode|class|cls|scheme|algorithm|alg|policy|provider|manager|store|storage|service|input"
    r"|form|page|view|route|endpoint|reset|change|changed|confirm\w*|required|enabled|valid\w*|verif\w*|hash\w*"
    r"|encoder|encoding|strength|index|idx|position|pos|start|end|begin|kinds|map|list|set|stream|iz\w+|s|test|tests"
    r"|placeholder|example|template|schema|ref|key_?ref|version|parser|rule|rules|source|location|loc|scope|scopes)"
    r"$",
    re.I,
)
_ONE_PIECE = re.compile(r"[A-Za-z0-9+/=_\-%]{20,200}")
_CHANGES = re.compile(r"[A-Za-z](?=\d)|\d(?=[A-Za-z])")  # words with a number change once or twice
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SPLIT = re.compile(r"[_\-.]+|(?<=[a-z0-9])(?=[A-Z])")
_WORDY = re.compile(r"[A-Za-z]+(?:[_\-./: ][A-Za-z]+)*[_\-]?\d{0,2}")
_CHAIN = re.compile(r"[A-Za-z_$@&*][\w$]*(?:(?:\.|::|->|/|-)[\w$]+)*[.:]?")
_REFERENCE = re.compile(
    r"\$\{|\$\(|\{\{|\}\}|<[A-Za-z]|%[(sd{]|#\{|^\$|^@|^\{|^env[.:]|^process\.|^os\.|^ENC\[|^vault:|^arn:|^https?://|^\.{0,2}/"
)
_SAMPLE = re.compile(
    r"^(?:x+|\*+|\.+|-+|0+|1234567890?|0123456789\w*|abc123|changeme|redacted)$|your[-_]|^your|x{4}|\*{3}|\.\.\.|placeholder|example",
    re.I,
)


def is_telling(name: str) -> bool:
    """Whether a name says that its value is a secret, rather than something about one (`token_type`)."""
    last = [part for part in _SPLIT.split(name) if part][-1:]
    return not last or _META.fullmatch(last[0]) is None


def is_quoted_value(value: str, *, is_password: bool, name: str = "") -> bool:
    """Whether the literal given to a telling name is a secret: not a word, a reference or a sample."""
    if any(c in string.whitespace for c in value) or _REFERENCE.search(value) or _SAMPLE.search(value):
        return False
    has_digit = any(c.isdigit() for c in value)
    has_letter = any(c.isalpha() for c in value)
    if is_password:
        if len(value) < 6 or value.lower() == name.lower():
            return False
        has_symbol = any(not c.isalnum() and c not in "_-./:" for c in value)
        return (has_letter and has_digit) or (has_symbol and has_letter) or (has_digit and len(value) >= 8)
    if len(value) < 12 or not (has_digit and has_letter):
        return False
    return not _is_wordy(value)


def is_bare_value(value: str, *, is_password: bool, is_data: bool) -> bool:
    """The same for a value without quotes, which in code is rather a name."""
    if _REFERENCE.search(value) or _SAMPLE.search(value):
        return False
    has_digit = any(c.isdigit() for c in value)
    has_letter = any(c.isalpha() for c in value)
    if is_data:
        if is_password and len(value) >= 6:
            return (has_digit and has_letter) or any(not c.isalnum() and c not in "_-./:\\=" for c in value)
        return len(value) >= 12 and has_digit and has_letter and not _is_wordy(value)
    if _CHAIN.fullmatch(value):
        return (
            len(value) >= 20
            and sum(c.isdigit() for c in value) >= 4
            and "." not in value
            and not _is_wordy(value)
        )
    if any(c in "=.:*&?\\" for c in value):
        return False
    return len(value) >= 16 and has_digit and has_letter


def is_random(value: str) -> bool:
    """Whether a value is a key even where its name promises little: long, of one piece, and of no words."""
    if _ONE_PIECE.fullmatch(value) is None or _UUID.fullmatch(value) or _SAMPLE.search(value):
        return False
    if sum(c.isdigit() for c in value) < 3 or len(set(value.lower())) < 9:
        return False
    return len(_CHANGES.findall(value)) >= 5


def _is_wordy(value: str) -> bool:
    """Words with at most a number at their end: an identifier, not a key."""
    return _WORDY.fullmatch(value) is not None
