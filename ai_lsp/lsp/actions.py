"""Code actions: what each service offers at a place, put together at once; each is a command, none an edit."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ai_lsp.lsp.from_lsp import mapping, offset_range
from ai_lsp.text.document import DocumentSnapshot

if TYPE_CHECKING:
    from ai_lsp.lsp.features import ClientFeatures
    from ai_lsp.lsp.services.service import Service

log = logging.getLogger(__name__)

QUICK_FIX, REWRITE = "quickfix", "refactor.rewrite"

LLM_GENERATED = 1
"""CodeActionTag of LSP 3.18."""


def command_action(
    title: str,
    command: str,
    arguments: Sequence[Any] = (),
    *,
    kind: str = REWRITE,
    diagnostics: Sequence[Mapping[str, Any]] = (),
    is_preferred: bool = False,
    is_by_model: bool = True,
) -> dict[str, Any]:
    """A CodeAction that runs a command. `diagnostics` are those it answers, as the editor sent them;
    `is_by_model` tells the editors that show it that a model will write."""
    action: dict[str, Any] = {"title": title, "kind": kind}
    action["command"] = {"title": title, "command": command, "arguments": list(arguments)}
    if diagnostics:
        action["diagnostics"] = [dict(each) for each in diagnostics]
    if is_preferred:
        action["isPreferred"] = True
    if is_by_model:
        action["tags"] = [LLM_GENERATED]
    return action


def gather(
    params: Any, snapshot: DocumentSnapshot, services: Iterable[Service], features: ClientFeatures
) -> list[Mapping[str, Any]]:
    """The answer to textDocument/codeAction: the actions of all services in their order, as far as the client
    asked for their kind and declared what is in them. A service that fails costs its own actions only."""
    span = offset_range(snapshot, mapping(params).get("range"))
    context = mapping(params).get("context")
    context = context if isinstance(context, Mapping) else {}
    only = context.get("only")
    kinds = [kind for kind in only if isinstance(kind, str)] if isinstance(only, list) else []
    out = []
    for service in services:
        try:
            found = service.code_actions(snapshot, span, context)
        except Exception:  # the edge: each service stands alone
            log.exception("%s cannot offer its actions", type(service).__name__)
            continue
        out += [_for_client(a, features) for a in found if _is_of_kind(str(a.get("kind", "")), kinds)]
    return out


def _is_of_kind(kind: str, wanted: Sequence[str]) -> bool:
    """Whether a code action's kind is one of those asked for, or below one."""
    return not wanted or any(not each or kind == each or kind.startswith(each + ".") for each in wanted)


def _for_client(action: Mapping[str, Any], features: ClientFeatures) -> Mapping[str, Any]:
    if not features.has_code_action_literals and isinstance(command := action.get("command"), Mapping):
        return command
    if features.can_tag_actions or "tags" not in action:
        return action
    return {key: value for key, value in action.items() if key != "tags"}
