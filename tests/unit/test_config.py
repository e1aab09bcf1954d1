"""Settings: each key wrong, the order of sources, and total whatever is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lsp.config import LOCAL, ROWS, Kind, Loaded, Row, Settings, Source, entries, load, read_file, summary
from ai_lsp.config.rows import REQUIRED
from ai_lsp.config.schema import APIS, TABLES
from ai_lsp.config.shape import SECTION
from ai_lsp.config.values import Flag
from ai_lsp.models.registry import apis

TAB = {"api": "llamacpp", "url": "http://127.0.0.1:8012"}
KEY = "sk-proj-1234567890abcdefghijklmnop"


def of(values: object, kind: Kind = Kind.USER) -> Loaded:
    return load([Source(kind, kind.value, values)])


def options(row: Row, value: object) -> dict[str, Any]:
    """A user file in which everything is right but, maybe, one key."""
    if row.table == "models":
        return {"models": {"tab": {**TAB, row.field: value}}}
    return {"models": {"tab": TAB}, row.table: {row.field: value}}


def in_force(loaded: Loaded) -> dict[str, object]:
    return dict(entries(loaded.settings))


# Each key


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
@pytest.mark.parametrize("wrong", [object(), 3.5j, [["a"]], {"a": 1}, "\n", "\ud800", float("nan"), -1, True])
def test_a_wrong_value_names_its_key_and_what_would_be_valid(row: Row, wrong: object) -> None:
    if isinstance(row.value, Flag) and wrong is True:
        wrong = "yes"
    loaded = of(options(row, wrong))
    key = row.key.replace("*", "tab")
    mine = [problem for problem in loaded.problems if problem.key == key]
    assert len(mine) == 1
    assert row.value.expected() in mine[0].advice
    if row.default is REQUIRED:
        assert "tab" not in loaded.settings.models
        assert len(loaded.problems) == 1, "a model that lost a required key is reported once, not twice"
    else:
        assert in_force(loaded)[key] == row.default
        assert loaded.settings == of(options(row, None)).settings


RIGHT: dict[str, tuple[object, object]] = {
    "models.*.api": ("openai", "openai"),
    "models.*.url": ("https://[::1]:8443/v1", "https://[::1]:8443/v1"),
    "models.*.model": ("qwen2.5-coder-1.5b", "qwen2.5-coder-1.5b"),
    "models.*.template": ("starcoder2", "starcoder2"),
    "models.*.key_env": ("MY_MODEL_KEY", "MY_MODEL_KEY"),
    "models.*.keyring": ("work", "work"),
    "models.*.context_tokens": (4096.0, 4096),
    "models.*.timeout_s": (3, 3.0),
    "completion.enabled": (False, False),
    "completion.debounce_ms": (0, 0.0),
    "completion.min_confidence": (1, 1.0),
    "completion.max_lines": (3, 3),
    "completion.max_tokens": (64, 64),
    "completion.disabled_languages": (["a", "", "b", "a"], ("a", "b")),
    "completion.max_file_kb": (10, 10),
    "edit.presets": ({"Shout": "Write it in capitals", " ": "x"}, {"Shout": "Write it in capitals"}),
    "edit.format": ("v4a", "v4a"),
    "edit.max_tokens": (512, 512),
    "edit.questions": (False, False),
    "edit.candidates": (1, 1),
    "edit.review_hunks": (False, False),
    "completion.disabled_paths": (["docs/**"], ("docs/**",)),
    "completion.in_comments": (False, False),
    "completion.in_strings": (False, False),
    "completion.aggressiveness": ("shy", "shy"),
    "completion.learning": (False, False),
    "review.enabled": (False, False),
    "review.disabled": (["same-operands"], ("same-operands",)),
    "review.max_file_kb": (64, 64),
    "review.passes": (3, 3),
    "review.max_tokens": (9000, 9000),
    "review.model_on_save": (False, False),
    "next_edit.enabled": (False, False),
    "next_edit.min_confidence": (0.9, 0.9),
    "next_edit.jump_confidence": (0.9, 0.9),
    "next_edit.certain_confidence": (0.95, 0.95),
    "next_edit.max_tokens": (64, 64),
    "next_edit.speculate": (False, False),
    "next_edit.other_files": (False, False),
    "next_edit.hints": ("inlay", "inlay"),
    "next_edit.disabled_languages": (["a", "b"], ("a", "b")),
    "next_edit.max_file_kb": (10, 10),
    "shadow.enabled": (False, False),
    "shadow.servers": (["ty"], ("ty",)),
    "shadow.wait_for": (["edit"], ("edit",)),
    "shadow.budget_ms": (500, 500),
    "shadow.memory_mb": (300, 300),
    "index.enabled": (False, False),
    "index.max_files": (0, 0),
    "index.cache": (False, False),
    "privacy.ignore": (["*.pem", "!a.pem"], ("*.pem", "!a.pem")),
    "privacy.ledger": (False, False),
    "context.enabled": (False, False),
    "context.trusted_folders": (["~/work", "/srv/app"], ("~/work", "/srv/app")),
    "context.warm_tokens": (0, 0),
    "recording.enabled": (True, True),
    "recording.max_mb": (5, 5),
    "recording.days": (1, 1),
    "log.level": ("debug", "debug"),
    "log.file": ("~/ai-lsp.log", "~/ai-lsp.log"),
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_a_right_value_is_taken_over(row: Row) -> None:
    sent, expected = RIGHT.get(row.key, ("tab", "tab"))
    loaded = of(options(row, sent))
    key = row.key.replace("*", "tab")
    assert loaded.problems == ()
    assert in_force(loaded)[key] == expected
    assert type(in_force(loaded)[key]) is type(expected)
    assert loaded.origin[key] == "user file"


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.USER])
def test_what_only_the_users_file_may_say_is_heard_from_nowhere_else(kind: Kind) -> None:
    """VS Code, for one, takes an editor's settings from the repository that it shows."""
    loaded = load([Source(kind, "s", {"context": {"trusted_folders": ["/"]}})])
    assert loaded.settings.context.trusted_folders == ()
    assert [problem.key for problem in loaded.problems] == ["context.trusted_folders"]


def test_the_apis_are_the_files_of_the_backends() -> None:
    assert sorted(APIS) == apis()


def test_every_default_is_what_settings_have_when_nobody_said_anything() -> None:
    assert of(None).settings == Settings() == load([]).settings
    assert in_force(load([])) == {row.key: row.default for row in ROWS if row.table != "models"}


@pytest.mark.parametrize(
    ("sent", "key", "says"),
    [
        ({"complation": {}}, "complation", 'Did you mean "completion"?'),
        ({"weather": {"x": 1}}, "weather", "models, routes, completion"),
        ({"completion": {"debounceMs": 1}}, "completion.debounceMs", 'Write "debounce_ms"'),
        ({"completion": {"min-confidence": 1}}, "completion.min-confidence", 'Write "min_confidence"'),
        ({"completion": {"max_line": 1}}, "completion.max_line", 'Did you mean "max_lines"?'),
        ({"completion": 3}, "completion", "enabled, debounce_ms"),
        ({"models": {"tab": "llamacpp"}}, "models.tab", '"api" and "url"'),
        ({"models": {"local": TAB}}, "models.local", "Rename"),
        ({"models": {"": TAB}}, "models.", "Rename"),
        ({"models": {"tab": {"api": "llamacpp"}}}, "models.tab", 'Add "url" to [models.tab]'),
        ({"routes": {"completion": "tab"}}, "routes.completion", "[models.tab]"),
        ({"routes": {"completion": "tobi"}, "models": {"tobo": TAB}}, "routes.completion", 'mean "tobo"?'),
        ({"routes": {"edit": "local"}}, "routes.edit", "name of a table under [models]"),
        ({"models": {"tab": {**TAB, "url": "127.0.0.1:8012"}}}, "models.tab.url", "http://127.0.0.1:8012"),
        ([1], "", "models, routes"),
        ("completion", "", "models, routes"),
    ],
)
def test_a_mistake_is_reported_with_what_would_be_valid(sent: object, key: str, says: str) -> None:
    (problem,) = of(sent).problems
    assert problem.key == key
    assert says in str(problem)
    assert str(problem).startswith("user file")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a",
        "http://",
        "http:///v1",
        "http://a:0",
        "http://a:99999",
        "http://a:b",
        "http://a b",
        "//a",
        "http://[::1",
        "http://a/?k=1",
        "http://a#x",
        "file:///etc/passwd",
        "http://u:p@host",
        "http://user@host",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_url_is_http_with_a_host_and_nothing_else(url: str) -> None:
    loaded = of({"models": {"tab": {**TAB, "url": url}}})
    assert [problem.key for problem in loaded.problems] == ["models.tab.url"]
    assert loaded.settings.models == {}


# Secrets


@pytest.mark.parametrize(
    "fields",
    [
        {"api_key": KEY},
        {"api_key": "short"},
        {"Token": "short"},
        {"key_env": KEY},
        {"key_env": "abcDEF123ghiJKL456mnoPQR789stuVWX"},
        {"model": KEY},
        {"template": KEY},
        {"api": KEY},
        {"remark": KEY},
        {"url": f"https://user:{KEY}@host"},
        {"url": f"https://host/?key={KEY}"},
        {"context_tokens": KEY},
        {KEY: 1},
        {"model": f"Bearer {KEY}"},
    ],
)
def test_a_key_in_the_settings_is_refused_and_never_repeated(fields: Mapping[str, object]) -> None:
    loaded = of({"models": {"tab": {**TAB, **fields}}})
    (problem,) = loaded.problems
    secrets = [KEY, *(value for value in fields.values() if isinstance(value, str))]
    assert not any(secret in str(problem) + repr(loaded) for secret in secrets)
    if set(fields) & {"api_key", "Token", "remark"}:
        assert 'key_env = "MY_MODEL_KEY"' in problem.advice


@pytest.mark.parametrize(
    ("url", "fields", "warns"),
    [
        ("http://models.example", {"key_env": "K"}, True),
        ("http://10.0.0.1:80", {"keyring": "K"}, True),
        ("http://models.example", {}, False),
        ("https://models.example", {"key_env": "K"}, False),
        ("http://127.0.0.2:1/v1", {"key_env": "K"}, False),
        ("http://[::1]", {"key_env": "K"}, False),
        ("http://LocalHost:8012", {"key_env": "K"}, False),
        ("http://localhost.evil.example", {"key_env": "K"}, True),
    ],
)
def test_a_key_over_an_open_line_is_a_warning(url: str, fields: Mapping[str, object], warns: bool) -> None:
    loaded = of({"models": {"tab": {**TAB, "url": url, **fields}}})
    assert [problem.severity for problem in loaded.problems] == ["warning"] * warns
    assert loaded.settings.models["tab"].url == url


# Order


def test_later_sources_win_whatever_order_they_are_given_in() -> None:
    said = {Kind.USER: 1, Kind.OPTIONS: 2, Kind.CLIENT: 3}
    sources = [Source(kind, kind.value, {"completion": {"max_lines": n}}) for kind, n in said.items()]
    for order in (sources, sources[::-1]):
        loaded = load(order)
        assert loaded.settings.completion.max_lines == 3
        assert loaded.origin == {"completion.max_lines": "editor settings"}
    assert load(sources[:2]).settings.completion.max_lines == 2


def test_a_later_source_changes_one_key_of_a_model_and_leaves_the_rest() -> None:
    user = {"models": {"tab": {**TAB, "model": "a"}, "big": TAB}}
    loaded = load([Source(Kind.USER, "u", user), Source(Kind.OPTIONS, "o", {"models": {"tab": {"model": "b"}}})])
    assert loaded.problems == ()
    assert sorted(loaded.settings.models) == ["big", "tab"]
    assert (loaded.settings.models["tab"].model, loaded.settings.models["tab"].url) == ("b", TAB["url"])
    assert loaded.origin["models.tab.url"] == "u"
    assert loaded.origin["models.tab.model"] == "o"


def test_a_wrong_later_value_leaves_the_earlier_one_in_force() -> None:
    user = {"models": {"tab": TAB}, "routes": {"completion": "tab"}, "completion": {"max_lines": 3}}
    later = {"routes": {"completion": "tob"}, "completion": {"max_lines": 0}}
    loaded = load([Source(Kind.USER, "u", user), Source(Kind.OPTIONS, "o", later)])
    assert loaded.settings.routes.completion == "tab"
    assert loaded.settings.completion.max_lines == 3
    assert [problem.key for problem in loaded.problems] == ["completion.max_lines", "routes.completion"]


def test_a_route_may_name_a_model_that_only_a_later_source_defines() -> None:
    loaded = load(
        [
            Source(Kind.USER, "u", {"routes": {"completion": "tab"}}),
            Source(Kind.CLIENT, "c", {"models": {"tab": TAB}}),
        ]
    )
    assert loaded.problems == ()
    assert loaded.settings.routes.completion == "tab"
    model = loaded.settings.model_for("completion")
    assert model is not None
    assert model.api == "llamacpp"
    assert loaded.settings.model_for("next_edit") is None


def test_ignore_patterns_add_up_and_languages_replace() -> None:
    first = {"privacy": {"ignore": ["a", "b"]}, "completion": {"disabled_languages": ["x"]}}
    second = {"privacy": {"ignore": ["b", "c"]}, "completion": {"disabled_languages": []}}
    loaded = load([Source(Kind.USER, "u", first), Source(Kind.OPTIONS, "o", second)])
    assert loaded.settings.privacy.ignore == ("a", "b", "c")
    assert loaded.settings.completion.disabled_languages == ()
    assert loaded.origin["privacy.ignore"] == "u + o"


# What editors send


@pytest.mark.parametrize(
    "sent",
    [
        {"completion": {"max_lines": 3}},
        {"completion.max_lines": 3},
        {SECTION: {"completion": {"max_lines": 3}}},
        {SECTION: {"completion.max_lines": 3}},
        {f"{SECTION}.completion.max_lines": 3},
        {SECTION: {"completion": {"max_lines": 3, "enabled": None}, "routes": None, "models": []}},
        {SECTION: {"completion": {"max_lines": 3}}, "python": {"path": "x"}},
        {"aiLsp": {"completion": {"max_lines": 3}}},
    ],
)
@pytest.mark.parametrize("kind", [Kind.OPTIONS, Kind.CLIENT])
def test_the_section_the_bare_tables_and_dotted_keys_all_do(sent: object, kind: Kind) -> None:
    loaded = of(sent, kind)
    assert loaded.settings.completion.max_lines == 3
    assert loaded.problems == ()
    assert set(loaded.origin) == {"completion.max_lines"}


def test_dotted_keys_of_a_model_reach_it() -> None:
    loaded = of({"models.qwen2.5.api": "openai", "models.qwen2.5.url": "http://[::1]:1"}, Kind.CLIENT)
    assert loaded.problems == ()
    assert loaded.settings.models["qwen2.5"].api == "openai"


def test_other_servers_settings_are_not_ours_to_judge() -> None:
    copilot = {"editorInfo": {"name": "Neovim"}, "editorPluginInfo": {"name": "x"}, "copilotCapabilities": {}}
    assert of(copilot, Kind.OPTIONS).problems == ()
    assert of({"http": {"proxy": None}, "python": {}, "rust-analyzer": {}}, Kind.CLIENT).problems == ()
    assert [p.key for p in of({"python": {}, "complation": {}}, Kind.CLIENT).problems] == ["complation"]
    assert [p.key for p in of({SECTION: {"python": {}}}, Kind.CLIENT).problems] == ["python"]
    assert of({SECTION: None}, Kind.CLIENT).problems == ()
    assert [p.key for p in of({SECTION: 3}, Kind.OPTIONS).problems] == [SECTION]


def test_the_same_mistake_is_the_same_problem() -> None:
    once, twice = (of({"completion": {"x": 1}}).problems for _ in range(2))
    assert set(once) == set(twice)
    assert len(of({"completion": {"x": 1, "X": 1}}).problems) == 2


def test_a_flood_of_mistakes_is_counted_not_listed() -> None:
    loaded = of({"completion": {f"k{n}": 1 for n in range(10_000)}})
    assert len(loaded.problems) == 41
    assert "9960 more" in str(loaded.problems[-1])


def test_problems_become_one_message_with_errors_first() -> None:
    assert summary([]) == ""
    workspace = Source(Kind.WORKSPACE, "repo", {"log": {"level": "debug"}})
    user = Source(Kind.USER, "mine", {"completion": {"a": 1, "b": 1, "c": 1}})
    problems = load([user, workspace]).problems
    assert [problem.severity for problem in problems] == ["error"] * 3 + ["warning"]
    text = summary(reversed(problems))
    assert text.startswith("mine: completion.c: ")
    assert "repo" not in text
    assert text.endswith("and 1 more, which `ai-lsp doctor` lists")
    assert "more" not in summary(problems[:3])
    assert "\n" not in text


# Total


def jsons() -> st.SearchStrategy[object]:
    words = (
        [row.field for row in ROWS] + list(TABLES) + [SECTION, "tab", "local", "", "auto", "llamacpp", "!x", KEY]
    )
    keys = st.sampled_from([*words, *(row.key for row in ROWS)]) | st.text(max_size=8)
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    leaves = leaves | st.sampled_from([*words, "http://127.0.0.1:1", 10**400])
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
        max_leaves=30,
    )


def shaped() -> st.SearchStrategy[object]:
    """Options near enough to right ones that the deep branches are reached."""
    names = st.sampled_from(["tab", "big", "local", "qwen2.5"])
    value = jsons() | st.sampled_from([row.default for row in ROWS if row.default is not REQUIRED])
    api = st.sampled_from([*APIS, "x"])
    url = st.sampled_from(["http://10.0.0.1", "https://a/v1", "nope"])
    extra = st.dictionaries(st.sampled_from([row.field for row in ROWS]), value, max_size=3)
    model = st.builds(lambda a, u, e: {"api": a, "url": u, **e}, api, url, extra)
    tables = {
        table: st.dictionaries(
            st.sampled_from([r.field for r in ROWS if r.table == table]), value | names, max_size=4
        )
        for table in TABLES
        if table != "models"
    }
    return st.fixed_dictionaries({}, optional={**tables, "models": st.dictionaries(names, model, max_size=3)})


@given(st.lists(st.tuples(st.sampled_from(list(Kind)), jsons() | shaped()), max_size=5))
def test_load_is_total(sent: list[tuple[Kind, object]]) -> None:
    loaded = load([Source(kind, f"{kind.value} {n}", values) for n, (kind, values) in enumerate(sent)])
    settings = loaded.settings
    assert all(str(problem).isprintable() for problem in loaded.problems)
    assert KEY not in "".join(map(str, loaded.problems))
    json.dumps(in_force(loaded))
    for name in (getattr(settings.routes, route) for route in type(settings.routes).__dataclass_fields__):
        assert name in ("", LOCAL) or name in settings.models
    assert set(loaded.origin) >= {
        key for key, value in entries(settings) if value != in_force(load([])).get(key, value)
    }
    for row in ROWS:
        if row.table != "models":
            assert row.value.read(in_force(loaded)[row.key]) == in_force(loaded)[row.key]


# Files


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(
        b'\xef\xbb\xbf[completion]\r\nmin_confidence = 0.7 # \xc3\xa4\r\n[models."a b"]\r\napi = "ollama"\r\n'
    )
    source = read_file(path, Kind.USER)
    assert source.problems == ()
    loaded = load([source])
    assert loaded.settings.completion.min_confidence == 0.7
    assert loaded.origin == {"completion.min_confidence": str(path), "models.a b.api": str(path)}


def test_a_missing_file_is_no_problem(tmp_path: Path) -> None:
    assert read_file(tmp_path / "none.toml", Kind.USER) == Source(Kind.USER, str(tmp_path / "none.toml"), None)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[completion\n", "not valid TOML"),
        (b"a = 1\na = 2\n", "not valid TOML"),
        (b"# \xff\n", "not UTF-8 (byte 2)"),
        (b"\x00", "not valid TOML"),
        (b"a = " + b"9" * 5_000, "not valid TOML"),
        (b"a = " + b"[" * 50_000, "not valid TOML"),
        (b"a = " + b"{a=" * 50_000, "not valid TOML"),
        (b"#" * 300_000, "larger than 256 kB"),
        ("a = 1".encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_bad_file_is_one_problem_and_the_defaults(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / ".ai-lsp.toml"
    path.write_bytes(content)
    loaded = load([read_file(path, Kind.WORKSPACE)])
    (problem,) = loaded.problems
    assert says in problem.message
    assert problem.source == str(path)
    assert loaded.settings == Settings()


def test_a_folder_a_loop_and_a_pipe_in_the_files_place_are_problems_and_never_hang(tmp_path: Path) -> None:
    import os

    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        assert "not a file" in read_file(tmp_path / name, Kind.USER).problems[0].message
    assert read_file(tmp_path / "loop", Kind.USER).values is None
    assert read_file(Path("a\0b"), Kind.USER).values is None
    assert read_file(tmp_path / ("n" * 300), Kind.USER).values is None


def test_toml_values_that_json_has_not(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        "[completion]\nmax_lines = 2026-01-01\nmin_confidence = nan\nmax_tokens = inf\n[log]\nfile = 07:00:00\n"
    )
    loaded = load([read_file(path, Kind.USER)])
    assert [problem.message.partition(",")[0] for problem in loaded.problems] == [
        "a date is not a number",
        "nan is not a number",
        "inf is not a number",
        "a time is not text",
    ]
    assert loaded.settings == Settings()
