"""What the user says about one model: where it is, how it is spoken to, and where its key is kept."""

from __future__ import annotations

from dataclasses import dataclass

NEXT_EDIT_TEMPLATES = ("zeta", "zeta2", "sweep", "instinct", "mercury-edit")
"""What `template` may also be: a format of edits/next_formats, for a model that knows nothing else."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """One `[models.NAME]` table, resolved. Only the user may define one; a workspace file never can.

    `api` is the name of a file in models/backends. `url` is the server's root, with or without `/v1`.
    `model` is the name the server knows it by; it also chooses the FIM template, unless `template` names
    one. `key_env` is the name of an environment variable and `keyring` the name of a service in the OS
    keyring; neither is ever the key itself. `timeout_s` bounds one whole answer, in seconds: what arrived
    until then is kept. `context_tokens` is how much the server can read at once, in tokens.
    """

    name: str
    api: str
    url: str
    model: str
    template: str = ""
    key_env: str = ""
    context_tokens: int = 8192
    timeout_s: float = 10.0
    keyring: str = ""
