"""Every setting there is, a row each: checking, merging, documentation and JSON schema derive from it."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.config.rows import MODELS, REQUIRED, Merge, Narrowing, Route, Row, Template
from ai_lsp.config.settings import LogSettings, Routes
from ai_lsp.config.values import (
    Choice,
    FilePath,
    Flag,
    Number,
    Text,
    Texts,
    TextTable,
    Url,
    Value,
    VariableName,
)
from ai_lsp.context.settings import ContextSettings, IndexSettings, PrivacySettings, RecordingSettings
from ai_lsp.diagnostics.settings import ReviewSettings
from ai_lsp.diagnostics.shadow.settings import ShadowSettings
from ai_lsp.edits.instruct_settings import AUTO, EditSettings
from ai_lsp.edits.next_settings import NextEditSettings
from ai_lsp.models.settings import ModelSettings

APIS = ("anthropic", "llamacpp", "mistral", "ollama", "openai")
"""Names of the files of models/backends, which this layer does not import."""

REPLY_FORMATS = ("search_replace", "unified_diff", "v4a", "whole_file", "whole_symbol", "sketch")
"""Names of rows of edits/formats, which this layer does not import at every start."""


def _of(settings: type[Any], key: str) -> object:
    """The default of a key, from the dataclass that holds it: said once in the program."""
    name = key.rpartition(".")[2]
    field = next(field for field in fields(settings) if field.name == name)
    if field.default_factory is not MISSING:
        return field.default_factory()
    default = field.default
    return "" if default is MISSING else default  # a model's name may stay empty where the server has only one


def _model(key: str, value: Value, about: str, *, required: bool = False) -> Row:
    return Row(f"models.*.{key}", value, REQUIRED if required else _of(ModelSettings, key), about)


def _route(key: str, about: str, *, local: bool = False) -> Row:
    return Row(f"routes.{key}", Route(local), _of(Routes, key), about, Narrowing.AMONG)


def _edit(key: str, value: Value, about: str, workspace: Narrowing = Narrowing.NEVER) -> Row:
    return Row(f"edit.{key}", value, _of(EditSettings, key), about, workspace)


def _review(key: str, value: Value, about: str, workspace: Narrowing = Narrowing.NEVER) -> Row:
    return Row(f"review.{key}", value, _of(ReviewSettings, key), about, workspace)


def _next_edit(key: str, value: Value, about: str, workspace: Narrowing = Narrowing.NEVER) -> Row:
    return Row(f"next_edit.{key}", value, _of(NextEditSettings, key), about, workspace)


def _completion(
    key: str,
    value: Value,
    about: str,
    workspace: Narrowing = Narrowing.NEVER,
) -> Row:
    return Row(f"completion.{key}", value, _of(CompletionSettings, key), about, workspace)


ROWS: tuple[Row, ...] = (
    _model("api", Choice(APIS), "How the server is spoken to.", required=True),
    _model("url", Url(), "The server's root, with or without `/v1`.", required=True),
    _model(
        "model", Text("the model's name"), "The name the server knows it by; it also chooses the FIM template."
    ),
    _model("template", Template(), "The FIM template, where the model's name does not tell."),
    _model("key_env", VariableName(), "The environment variable that holds the key; never the key itself."),
    _model("keyring", Text("a service's name"), "The service in the OS keyring that holds the key."),
    _model(
        "context_tokens", Number(256, 10_000_000, whole=True), "How much the server reads at once, in tokens."
    ),
    _model(
        "timeout_s", Number(0.1, 3_600), "The longest wait for a whole answer, in seconds; what came is kept."
    ),
    _route("completion", "Ghost text.", local=True),
    _route("next_edit", "The next edit, and where it is.", local=True),
    _route("edit", "An instruction turned into an edit."),
    _route("apply", "Rewrites the part of a file where a sketch cannot be applied with certainty."),
    _route("review", "Asked by `ai-lsp.review`, beside the built-in finders."),
    _route("ask", "Reserved: questions about the code."),
    _route("fix", "Reserved: fixes for what a diagnostic says."),
    _route("embed", "Reserved: vectors for searching the codebase by meaning."),
    _completion("enabled", Flag(), "Whether ghost text is offered.", Narrowing.OFF),
    _completion(
        "debounce_ms",
        Number(0, 10_000, words=("auto",)),
        "How long to wait after a key before a model is asked, in milliseconds; 0 is none.",
    ),
    _completion(
        "min_confidence",
        Number(0, 1),
        "How sure the embedded predictor must be: higher is rarer and righter.",
        Narrowing.RAISE,
    ),
    _completion("max_lines", Number(1, 200, whole=True), "The most lines of one suggestion.", Narrowing.LOWER),
    _completion(
        "max_tokens", Number(1, 8_192, whole=True), "The most tokens a model may write for one.", Narrowing.LOWER
    ),
    _completion(
        "disabled_languages",
        Texts('language ids, such as ["markdown"]'),
        "Languages without ghost text.",
        Narrowing.ADD,
    ),
    _completion(
        "disabled_paths",
        Texts('patterns as in .gitignore, such as ["docs/**"]'),
        "Files without ghost text, seen from the workspace's root; they are learnt from all the same.",
        Narrowing.ADD,
    ),
    _completion("in_comments", Flag(), "Whether ghost text is offered in comments.", Narrowing.OFF),
    _completion("in_strings", Flag(), "Whether ghost text is offered in strings.", Narrowing.OFF),
    _completion(
        "aggressiveness",
        Choice(("shy", "balanced", "eager")),
        "How readily ghost text is offered: what is unlikely to be taken is not shown.",
    ),
    _completion(
        "learning",
        Flag(),
        "Whether what you take and dismiss teaches when to be quiet; it stays in your state folder.",
        Narrowing.OFF,
    ),
    _completion(
        "max_file_kb",
        Number(1, 1_000_000, whole=True),
        "Larger files get no ghost text, in units of 1,024 characters.",
        Narrowing.LOWER,
    ),
    _edit(
        "presets",
        TextTable(
            'instructions by menu title, such as {"Translate comments" = "Translate the comments to English"}'
        ),
        "Your own entries beside those of the menu “Edit with AI”.",
    ),
    _edit(
        "format",
        Choice((AUTO, *REPLY_FORMATS)),
        "The form in which a model writes its edits; a table knows what suits which model.",
    ),
    _edit(
        "max_tokens",
        Number(64, 200_000, whole=True),
        "The most tokens a model may write for one edit.",
        Narrowing.LOWER,
    ),
    _edit("questions", Flag(), "Whether a model may ask one question before it edits.", Narrowing.OFF),
    _edit(
        "candidates",
        Number(1, 5, whole=True),
        "How many versions of an edit a model may offer at most; 1 is never to choose.",
        Narrowing.LOWER,
    ),
    _edit(
        "review_hunks",
        Flag(),
        "Whether parts of an edit are marked in the text while others are written, to apply or drop one by one.",
        Narrowing.OFF,
    ),
    _review("enabled", Flag(), "Whether open files are looked through for bugs.", Narrowing.OFF),
    _review(
        "disabled", Texts('codes, such as ["same-operands"]'), "What is not looked for, by code.", Narrowing.ADD
    ),
    _review(
        "max_file_kb",
        Number(1, 10_000, whole=True),
        "Larger files are not reviewed, in units of 1,024 characters.",
        Narrowing.LOWER,
    ),
    _next_edit("enabled", Flag(), "Whether the next edit is offered.", Narrowing.OFF),
    _next_edit(
        "min_confidence",
        Number(0, 1),
        "How sure a next edit must be: higher is rarer and righter.",
        Narrowing.RAISE,
    ),
    _next_edit(
        "jump_confidence",
        Number(0, 1),
        "How sure the place must be where only a jump is offered.",
        Narrowing.RAISE,
    ),
    _next_edit(
        "certain_confidence",
        Number(0, 1),
        "So sure of an edit, the embedded engine is not made to wait for the model.",
    ),
    _next_edit("max_tokens", Number(16, 8_192, whole=True), "The most tokens a model may write for one."),
    _next_edit("speculate", Flag(), "Whether a model is asked for the edit after the one that is shown."),
    _next_edit("other_files", Flag(), "Whether it may be in another file.", Narrowing.OFF),
    _next_edit(
        "hints",
        Choice(("auto", "diagnostic", "inlay", "off")),
        "How editors without a next-edit display show it; auto knows which ones.",
    ),
    _next_edit(
        "disabled_languages",
        Texts('language ids, such as ["markdown"]'),
        "Languages without it.",
        Narrowing.ADD,
    ),
    _next_edit(
        "max_file_kb",
        Number(1, 1_000_000, whole=True),
        "Larger files get none, in units of 1,024 characters.",
        Narrowing.LOWER,
    ),
    Row(
        "shadow.enabled",
        Flag(),
        _of(ShadowSettings, "enabled"),
        "Whether edits are checked by language servers of our own before they are shown.",
        Narrowing.OFF,
    ),
    Row(
        "shadow.servers",
        Texts('names of checkers, such as ["ruff", "ty", "pyright", "tsgo", "gopls", "clangd"]'),
        _of(ShadowSettings, "servers"),
        "Which ones; each must be installed beside ai-lsp or be on PATH.",
    ),
    Row(
        "shadow.wait_for",
        Texts('features; there are "edit", "next_edit" and "review"'),
        _of(ShadowSettings, "wait_for"),
        "The features that ask them. An instructed edit that introduces an error goes back to the model once; a "
        "model's next edit that does is not shown; a finding in a line with an error becomes one, with the "
        "checker's words as evidence.",
    ),
    Row(
        "shadow.budget_ms",
        Number(10, 60_000, whole=True),
        _of(ShadowSettings, "budget_ms"),
        "The longest wait for a verdict, in milliseconds.",
    ),
    Row(
        "shadow.memory_mb",
        Number(50, 100_000, whole=True),
        _of(ShadowSettings, "memory_mb"),
        "The most memory that all checkers may hold.",
    ),
    _review("passes", Number(1, 16, whole=True), "How often a model is asked about one change.", Narrowing.LOWER),
    _review(
        "max_tokens",
        Number(0, 10_000_000, whole=True),
        "The most tokens that a model reads and writes for one review.",
        Narrowing.LOWER,
    ),
    _review("model_on_save", Flag(), "Whether a model is asked at each save, beside the command.", Narrowing.OFF),
    Row(
        "index.enabled",
        Flag(),
        _of(IndexSettings, "enabled"),
        "Whether the workspace's files are learnt from, beside the open ones.",
        Narrowing.OFF,
    ),
    Row(
        "index.max_files",
        Number(0, 10_000_000, whole=True),
        _of(IndexSettings, "max_files"),
        "The most files of the workspace that are learnt from.",
        Narrowing.LOWER,
    ),
    Row(
        "index.cache",
        Flag(),
        _of(IndexSettings, "cache"),
        "Whether what was learnt is kept in the user's cache folder.",
        Narrowing.OFF,
    ),
    Row(
        "context.enabled",
        Flag(),
        _of(ContextSettings, "enabled"),
        "Whether prompts hold text of other places than the document: definitions, open files, edits, tests.",
        Narrowing.OFF,
    ),
    Row(
        "context.trusted_folders",
        Texts('absolute paths, such as ["~/work"]'),
        _of(ContextSettings, "trusted_folders"),
        "Folders whose projects may say how code is written there: `AGENTS.md` and the like go into prompts.",
        in_user_file_only=True,
    ),
    Row(
        "context.warm_tokens",
        Number(0, 10_000_000, whole=True),
        _of(ContextSettings, "warm_tokens"),
        "The most prompt tokens per minute that a server with a prompt cache reads ahead; 0 is none.",
        Narrowing.LOWER,
    ),
    Row(
        "privacy.ignore",
        Texts('patterns as in .gitignore, such as ["*.pem"]'),
        _of(PrivacySettings, "ignore"),
        "Files that are never read, learnt from or sent, beside those of `.gitignore` and `.aiignore`.",
        Narrowing.ADD,
        Merge.UNION,
    ),
    Row(
        "privacy.ledger",
        Flag(),
        _of(PrivacySettings, "ledger"),
        "Whether a file in the user's state folder says of each request when, where to and how much: no text.",
    ),
    Row(
        "recording.enabled",
        Flag(),
        _of(RecordingSettings, "enabled"),
        "Whether what prompts are made from is kept in the user's state folder, for `ai-lsp replay`.",
        Narrowing.OFF,
    ),
    Row(
        "recording.max_mb",
        Number(1, 100_000, whole=True),
        _of(RecordingSettings, "max_mb"),
        "The most that recordings may take, in megabytes; the oldest go first.",
    ),
    Row(
        "recording.days",
        Number(1, 3_650, whole=True),
        _of(RecordingSettings, "days"),
        "How long recordings are kept.",
    ),
    Row(
        "log.level",
        Choice(("error", "warning", "info", "debug")),
        _of(LogSettings, "level"),
        "How much is logged.",
    ),
    Row("log.file", FilePath(), _of(LogSettings, "file"), "Where to; empty is stderr."),
)

BY_KEY = {row.key: row for row in ROWS}
TABLES = tuple(dict.fromkeys(row.table for row in ROWS))
MODEL_FIELDS = tuple(row.field for row in ROWS if row.table == MODELS)


def keys_of(table: str) -> tuple[str, ...]:
    """The keys that a table may hold, without its name."""
    return tuple(row.field for row in ROWS if row.table == table)
