"""What the client can do, resolved once from the raw capabilities to flat facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ClientFeatures:
    """Flat facts about one client; the defaults are those of a client that says nothing."""

    name: str = ""
    version: str = ""
    plugin: str = ""
    has_inline_completion: bool = False
    can_register_watchers: bool = False
    can_pull_configuration: bool = False
    can_show_progress: bool = False
    can_apply_edits: bool = False
    has_document_changes: bool = False
    """Takes versioned changes, and refuses those of another version."""
    has_annotations: bool = False
    """Asks the user itself about edits that need a confirmation."""
    can_create_files: bool = False
    can_show_documents: bool = False
    has_code_action_literals: bool = False
    can_tag_actions: bool = False
    has_disabled_actions: bool = False
    can_copy: bool = False
    """Puts a text into the clipboard on the notification `aiLsp/copy`."""
    confirms_itself: bool = False
    """Has an option of its own for what to do before a server's edits."""
    pulls_diagnostics: bool = False
    """Asks for diagnostics and can be told to ask again; the others are told."""
    refreshes_diagnostics: bool = False
    shows_related: bool = False
    draws_next_edit: bool = False
    """Says that it asks for the next edit and draws it."""
    shows_status: bool = False
    """Shows what `aiLsp/didChangeStatus` says."""
    roots: tuple[str, ...] = ()
    options: object = None
    """As sent: config tells what is ours, and what is wrong."""


SENDS_INLINE_UNANNOUNCED = frozenset({"emacs"})
"""lsp-mode 10.0 asks for inline completion without declaring it (its clientInfo.name is "emacs")."""


WATCHES_AT_A_COST = frozenset({"Eglot"})
"""eglot 1.17 watches every folder of the project, one by one, for a pattern like ours."""


HANDLES_DOCUMENT_CHANGES = frozenset({"Neovim"})
"""Neovim 0.12 checks the versions of `documentChanges` without declaring them (tests/editors)."""


CONFIRMS_ITSELF = frozenset({"Eglot"})
"""`eglot-confirm-server-edits` shows a summary or a diff, as its user likes."""


def resolve(params: Mapping[str, Any]) -> ClientFeatures:
    """Features from the params of `initialize`. Odd shapes count as absent; nothing raises."""
    info = _at(params, "clientInfo")
    options = _at(params, "initializationOptions")
    name = _text(info.get("name"))
    return ClientFeatures(
        name=name,
        version=_text(info.get("version")),
        plugin=_text(_at(options, "editorPluginInfo").get("name")),
        has_inline_completion="inlineCompletion" in _at(params, "capabilities", "textDocument")
        or name in SENDS_INLINE_UNANNOUNCED
        or "editorPluginInfo" in options,
        can_register_watchers=_at(params, "capabilities", "workspace", "didChangeWatchedFiles").get(
            "dynamicRegistration"
        )
        is True
        and name not in WATCHES_AT_A_COST,
        can_pull_configuration=_at(params, "capabilities", "workspace").get("configuration") is True,
        can_show_progress=_at(params, "capabilities", "window").get("workDoneProgress") is True,
        can_apply_edits=_at(params, "capabilities", "workspace").get("applyEdit") is True,
        has_document_changes=_at(params, *_EDIT).get("documentChanges") is True
        or name in HANDLES_DOCUMENT_CHANGES,
        has_annotations="changeAnnotationSupport" in _at(params, *_EDIT),
        can_create_files="create" in _list(_at(params, *_EDIT).get("resourceOperations")),
        can_show_documents=_at(params, "capabilities", "window", "showDocument").get("support") is True,
        has_code_action_literals="codeActionLiteralSupport" in _at(params, *_ACTION),
        can_tag_actions="tagSupport" in _at(params, *_ACTION),
        has_disabled_actions=_at(params, *_ACTION).get("disabledSupport") is True,
        can_copy=_at(params, "capabilities", "experimental", "aiLsp").get("copy") is True,
        confirms_itself=name in CONFIRMS_ITSELF,
        pulls_diagnostics=pulls_diagnostics(params),
        refreshes_diagnostics=pulls_diagnostics(params),
        shows_related=_at(params, "capabilities", "textDocument", "publishDiagnostics").get("relatedInformation")
        is True,
        draws_next_edit=_at(params, "capabilities", "experimental", "aiLsp").get("nextEdit") is True,
        shows_status=_at(params, "capabilities", "experimental", "aiLsp").get("status") is True,
        roots=_roots(params),
        options=params.get("initializationOptions"),
    )


_EDIT = ("capabilities", "workspace", "workspaceEdit")
_ACTION = ("capabilities", "textDocument", "codeAction")


def pulls_diagnostics(params: Mapping[str, Any]) -> bool:
    """Whether a client gets its diagnostics by asking: it says so, and can be told to ask again.

    Helix 25.07 spells the second `workspace.diagnostic`. Without it (eglot, lsp-mode, Neovim 0.11) a pull would
    come before the review is done, and never again: those are told.
    """
    at = ("capabilities", "workspace")
    says = (_at(params, *at, key).get("refreshSupport") for key in ("diagnostics", "diagnostic"))
    return "diagnostic" in _at(params, "capabilities", "textDocument") and True in says


def _roots(params: Mapping[str, Any]) -> tuple[str, ...]:
    folders = params.get("workspaceFolders")
    uris = [_text(f.get("uri")) for f in folders if isinstance(f, Mapping)] if isinstance(folders, list) else []
    uris = [u for u in uris if u]
    if not uris and (root := _text(params.get("rootUri"))):
        uris = [root]
    if not uris and (path := _text(params.get("rootPath"))):
        uris = [path]
    return tuple(dict.fromkeys(uris))


def _at(value: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
