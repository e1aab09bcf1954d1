"""What the server says of itself: why nothing appeared, and the facts for status lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai_lsp.completion.query import Declined
from ai_lsp.context.trace import summary

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session


def why(session: Session) -> str:
    """Why nothing appeared last time, or what did and from where, in a sentence."""
    said = max((said for service in session.services if (said := service.why()) is not None), default=None)
    if said is not None and (session.last is None or said[0] >= session.last.at):
        return said[1]
    if session.last is None:
        return "ai-lsp has not been asked for a completion yet"
    answer, name = session.last.answer, session.relative(session.last.uri)
    if isinstance(answer, Declined):
        return f"No suggestion in {name}: {answer}"
    source = "the embedded predictor" if answer.origin == "local" else f"the model {answer.why!r}"
    because = f" ({answer.confidence:.0%} sure: {answer.why})" if answer.origin == "local" else ""
    text = f"The last suggestion in {name} came from {source}{because}, in {session.last.took_ms:.0f} ms"
    prompt = session.surroundings.memory(session.last.uri).previous
    return text if answer.origin == "local" or prompt is None else f"{text}. {summary(prompt)}"


def status(session: Session) -> dict[str, Any]:
    """The answer to `aiLsp/status`: facts for status lines."""
    routes = session.settings.routes
    local = session.predictor.status if session.predictor is not None else None
    named = {"completion": routes.completion, "next_edit": routes.next_edit, "edit": routes.edit}
    problems = [p for name in named.values() if name not in ("", "local") and (p := session.models.problem(name))]
    workspace = session.surroundings.workspace
    inactive = None
    if not session.settings.completion.enabled or not routes.completion:
        inactive = "completion is switched off in the settings"
    return {
        "ready": session.is_started if local is None else local.state == "ready",
        "local": {
            "state": local.state if local else "off" if session.is_started else "starting",
            "files": local.files if local else 0,
            "tokens": local.tokens if local else 0,
            "problem": local.problem if local else "",
        },
        "context": {"state": workspace.state, "files": workspace.files, "definitions": workspace.symbols},
        "routes": {
            feature: {"model": "local", "state": local.state if local else "off"}
            if name == "local"
            else session.models.status(name)
            for feature, name in named.items()
            if name
        },
        "inactive": inactive or (problems[0] if problems else None),
    }
