"""What counts as a secret and what does not, in one line of code each; the cursor is `▮`, the secret `«…»`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import random
import re
import string
import time
from dataclasses import replace

import pytest

from ai_lsp.context import secret_rules, secrets
from ai_lsp.context.secret_rules import FORMATS, GENERAL, LEFT_OUT, LIBRARY, USED, KeyFormat, library_rules
from ai_lsp.context.secrets import Scanner, is_unfinished
from tests import marks

SCANNER = Scanner(library_rules())
HEX = "0123456789abcdef"
BODY = "\n".join("MIIEowIBAAKCAQEAx" + c * 7 + "Qz9f+/kJ3mN8vB2xC5sD7gH1jL4pW6rT0yU" for c in "abcdefghijk")


def shown(text: str, *, is_data: bool = False, scanner: Scanner = SCANNER) -> str:
    """The text with what is found in it marked."""
    for one in reversed(scanner.find(text, is_data=is_data)):
        text = f"{text[: one.start]}«{text[one.start : one.end]}»{text[one.end :]}"
    return text


def key_of(form: KeyFormat, dice: random.Random) -> str:
    """A key that the format allows, without any punctuation that needs luck."""
    letters = string.ascii_uppercase if form.alphabet.startswith("A-Z0-9") else string.ascii_lowercase
    alphabet = HEX if form.alphabet.startswith("0-9a-f") else letters + string.digits * 2
    return form.prefix + "".join(dice.choices(alphabet, k=form.tail + 3))


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.prefix)
def test_each_vendors_key_is_found_whole_wherever_it_stands(form: KeyFormat) -> None:
    dice = random.Random(form.prefix)
    for around in ('x = "{}"', "curl -H 'X-Auth: {}' https://host", "  {}  # old", "{}", "a=1&k={}&b=2", "[{}]"):
        key = key_of(form, dice)
        text = around.format(key)
        (found,) = SCANNER.find(text)
        assert key in text[found.start : found.end], text


@pytest.mark.parametrize(
    "marked",
    [
        'password = "«hunter2!»"',
        "password = '«correct7horse»'",
        'DB_PASSWORD: str = "«s3cr3t-value»"',
        '{"password": "«Tr0ub4dor&3»"}',
        '{"client_secret": "«9f8e7d6c5b4a39281706»"}',
        'netlify = "«4k9d-0s8fj3k2l1m5n6b7v8c»"',
        'cache: { deployKey: "«b3fb6279f5651ba2a7472f36d313027b»" }',
        'const apiKey = "«a8f3kd93kdl2kd93kf»";',
        'private static final String API_KEY = "«Zm9vYmFyMTIzNDU2Nzg5»";',
        'api_key := "«a8f3kd93kdl2kd93kf»"',
        "password = '«hunter2000»\nx = 1\n",
        "$password = '«p4ssw0rd!»';",
        'password:\n  "«hunter2000»"',
        'connect(user="me", password="«hunter2000»")',
        'user.setPassword("«hunter2000»");',
        'if password == "«hunter2000»":',
        '<add key="DbPassword" value="«hunter2000!»" />',
        "<password>«hunter2-hunter2-ab»</password>",
        'os.environ["AUTH_TOKEN"] = "«c2VjcmV0LXRva2VuLTEyMw==»"',
        'url = "postgres://app:«p4ss!w0rd»@db.internal/app"',
        'amqp = "amqps://svc:«k8$jd,w»@mq.internal:5671/v"',
        '"Server=db;User Id=sa;Password=«P@ssw0rd1»;"',
        "Authorization: Bearer «0a1b2c3d4e5f6a7b8c9d0e1f»",
        "curl -u admin:«s3cr3tPass» https://host/",
        "«https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnop12345678»",
        "DefaultEndpointsProtocol=https;«AccountKey=" + "Ab3/" * 21 + "Ab==»",
        'aws_secret_access_key = "«wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzKEY1»"',
        'id = "«AKIAZ7Q2LMNOPQRSTUV3»"',
        'jwt = "«eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U»"',
    ],
)
def test_secrets_in_code(marked: str) -> None:
    text = marked.replace("«", "").replace("»", "")
    assert shown(text) == marked


@pytest.mark.parametrize(
    "marked",
    [
        "API_KEY=«a8f3kd93kdl2kd93kf»",
        "export DB_PASSWORD=«hunter2»",
        "password: «hunter2»",
        "  clientSecret: «9f8e7d6c5b4a39281706»",
        "ENV GH_TOKEN «c0ffee254729296a45a3885»",
        "spring.datasource.password=«Sup3rS3cret»",
        "mysql --password «hunter2000»",
    ],
)
def test_values_without_quotes_where_a_file_holds_data(marked: str) -> None:
    assert shown(marked.replace("«", "").replace("»", ""), is_data=True) == marked


@pytest.mark.parametrize(
    "text",
    [
        'password = getpass.getpass("Password: ")',
        'password = os.environ["DB_PASSWORD_2"]',
        'token = request.headers["X-Token-2"]',
        "token = tokens[i + 1]",
        "password = user.password2",
        "self.api_key = api_key2",
        'token_type = "bearer_v2_tokens"',
        'password_field = "password_input_2"',
        'PASSWORD_HASHER = "pbkdf2_sha256$36"',
        'if token == "identifier2":',
        'password = "${DB_PASSWORD2}"',
        'password = "{{ vault.password2 }}"',
        'password = "<your-password-1>"',
        'password = "your-password-1"',
        'api_key = "xxxxxxxxxxxxxxxx"',
        'label = "Password must have at least 8 characters"',
        '"password": "The password of user 1",',
        'type="password" name="password1"',
        "password: string;",
        "fn next_token2(&mut self) -> Token2 {",
        'sha = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"',
        'digest = "sha512-9oEf2i1x7d8K3b5c6d7e8f9g0h1i2j3k4l5m6n7o8p9q=="',
        'uuid = "123e4567-e89b-12d3-a456-426614174000"',
        'cache_key = "user_profile_settings_v2_2024_01"',
        'primary_key = "order-2024-01-31-line-0007"',
        'sort_key = "123e4567-e89b-12d3-a456-426614174000"',
        'url = "https://user@host/path:8080"',
        'url = "http://localhost:8080/a@b"',
        'url = f"postgres://{user}:{password}@{host}"',
        'url = "postgres://user:password@localhost/db"',
        'if "-----BEGIN PRIVATE KEY-----" in text:\n    raise ValueError(text)\n',
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
        "risk-based, task-oriented and disk-heavy",
        "the API key is read from the environment at 12:30",
        "import secrets, tokenize",
        "",
        "\n\n\n",
    ],
)
def test_ordinary_code_is_left_alone(text: str) -> None:
    assert shown(text) == text


def test_the_body_of_a_private_key_is_found_and_its_first_and_last_line_stay() -> None:
    for name in ("RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"):
        text = f"a = 1\n-----BEGIN {name}-----\n«{BODY}»\n-----END {name}-----\nb = 2\n"
        assert shown(text.replace("«", "").replace("»", "")) == text


@pytest.mark.parametrize("indent", ["", "    ", "# ", "// ", " * "])
def test_a_private_key_of_which_a_window_shows_only_a_part(indent: str) -> None:
    lines = [f"{indent}{line}" for line in BODY.split("\n")]
    head, tail = f"{indent}-----BEGIN RSA PRIVATE KEY-----\n", f"\n{indent}-----END RSA PRIVATE KEY-----\nb = 2\n"
    for text in (head + "\n".join(lines), "\n".join(lines) + tail):
        hidden = re.sub("«.*?»", "", shown(text), flags=re.DOTALL)
        for line in BODY.split("\n"):
            assert line[5:] not in hidden


def test_a_private_key_in_a_string_with_escapes() -> None:
    escaped = BODY.replace("\n", "\\n")
    text = f'k = "-----BEGIN PRIVATE KEY-----\\n«{escaped}»\\n-----END PRIVATE KEY-----\\n"\nb = 2\n'
    assert shown(text.replace("«", "").replace("»", "")) == text


def test_an_encrypted_private_key_with_a_blank_line_in_it() -> None:
    head = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n"
    text = f"{head}{BODY}\n-----END RSA PRIVATE KEY-----\n"
    found = SCANNER.find(text)
    assert BODY in text[found[0].start : found[-1].end]


@pytest.mark.parametrize(
    ("marked", "is_data", "is_inside"),
    [
        ('password = "hun▮', False, True),
        ("password: str = 'hun▮", False, True),
        ('{"client_secret": "9f▮', False, True),
        ('setPassword("h▮', False, True),
        ('x = "sk-proj-a▮', False, True),
        ("x = ghp_a1▮", False, True),
        ("-H 'Authorization: Bearer eyJhbGciOiJI▮", False, True),
        ("API_KEY=a8f▮", True, True),
        ("  password: hun▮", True, True),
        ('url = "postgres://app:hun▮', False, True),
        ('url = "http://localhost:80▮', False, False),
        ('url = f"postgres://{user}:{pass▮', False, False),
        ("password = get▮", False, False),
        ('password = "▮', False, False),
        ('password = "hunter2"▮', False, False),
        ('password = "Please enter ▮', False, False),
        ('token_type = "bea▮', False, False),
        ('name = "hun▮', False, False),
        ("API_KEY=▮", True, False),
        ("npm_config▮", False, False),
        ("sk-learn▮", False, False),
        ("def refresh_token(self, to▮", False, False),
    ],
)
def test_a_secret_being_typed(marked: str, is_data: bool, is_inside: bool) -> None:
    text, cursor = marks.read(marked)
    assert is_unfinished(text[:cursor], is_data=is_data) is is_inside


def test_what_was_learnt_is_found_where_nothing_gives_it_away() -> None:
    scanner = Scanner()
    text = 'x = ["plain-words-here"]\n'
    assert shown(text, scanner=scanner) == text
    scanner.learn("plain-words-here", "token")
    assert shown(text, scanner=scanner) == 'x = ["«plain-words-here»"]\n'


def test_paragraphs_put_together_are_the_text_and_none_is_long() -> None:
    dice = random.Random(7)
    for _ in range(300):
        text = "".join(dice.choices(["\n", "\n\n", "ab c", "x" * 900, "é\r\n", "\u2028"], k=dice.randrange(40)))
        pieces = list(secrets._paragraphs(text))
        assert "".join(pieces) == text
        assert all(len(piece) <= secrets.LONGEST_PARAGRAPH + 4_000 for piece in pieces)


@pytest.mark.parametrize(
    "piece",
    [
        "eyJ",
        "curl ",
        "token:",
        'key="',
        "glpat-aaaaaaaaaaaaaaaaaaaaa",
        "://a:b",
        "-----BEGIN PRIVATE KEY-----\nMIIEabcdefghijklmnop\n",
    ],
)
def test_four_times_the_text_takes_about_four_times_as_long(piece: str) -> None:
    """Lines made to keep a pattern busy: none of the rules, nor of the library's, may take its square."""

    def seconds(size: int) -> float:
        text, times = piece * (size // len(piece)), []
        for _ in range(3):
            scanner = Scanner(library_rules())
            started = time.process_time()
            scanner.find(text)
            times.append(time.process_time() - started)
        return min(times)

    assert seconds(120_000) < 10 * seconds(30_000) + 0.02


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "MOST_REMEMBERED", 10_000)
    scanner = Scanner()
    for n in range(200):
        text = f'password = "hunter{n}"\n\n' + f"value_{n} = 1\n" * 20
        assert len(scanner.find(text)) == 1
        assert sum(len(each) for memory in scanner._known for each in memory) <= 10_000


def test_every_detector_of_the_library_is_used_or_left_out_with_a_reason() -> None:
    """A new version of the library brings new detectors: each deserves a decision."""
    package = importlib.import_module(LIBRARY)
    found = set()
    for each in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{LIBRARY}.{each.name}")
        classes = inspect.getmembers(module, inspect.isclass)
        found |= {n for n, kind in classes if kind.__module__ == module.__name__ and not inspect.isabstract(kind)}
    assert found == set(USED) | set(LEFT_OUT)


def test_a_trigger_is_part_of_what_its_rule_finds() -> None:
    """The prefilter must never hide a secret: every pattern still matches what its own trigger lets through."""
    for form in FORMATS:
        rule = form.rule()
        assert rule.pattern.search(key_of(form, random.Random(1))), form
        assert all(trigger == trigger.lower() for trigger in rule.triggers)
    for rule in GENERAL:
        assert all(trigger == trigger.lower() for trigger in rule.triggers)


def test_without_a_prefilter_the_same_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(3)
    lines = [f'value_{n} = "{key_of(form, dice)}"  # {n}' for n, form in enumerate(FORMATS)]
    text = "\n\n".join([*lines, 'password = "hunter2!"', "url = 'https://a:b8cd@host/'", "AKIAZ7Q2LMNOPQRSTUV3"])
    filtered = Scanner().find(text)
    rules = [replace(rule, triggers=("a", "e", "=")) for rule in secret_rules.own_rules()]
    monkeypatch.setattr(secrets, "own_rules", lambda: iter(rules))
    assert Scanner().find(text) == filtered
