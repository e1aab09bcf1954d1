"""Where a model's key is read from: the named environment variable, or the OS keyring; never a file of ours."""

from __future__ import annotations

import importlib
import os

from ai_lsp.errors import BadCredentials
from ai_lsp.models.failures import table
from ai_lsp.models.settings import ModelSettings


def read_key(settings: ModelSettings) -> str:
    """The key, or "" where the settings name no place for one. May block on the keyring: call it off the loop.

    Raises BadCredentials, whose text names the place and never the key, where the named place has none.
    """
    if settings.key_env:
        key = os.environ.get(settings.key_env, "").strip()
        if key:
            return key
        if not settings.keyring:
            raise BadCredentials(
                f'The environment variable {settings.key_env} of model "{settings.name}" is not set',
                "Set it where the editor is started from, or keep the key in the OS keyring",
            )
    return _from_keyring(settings) if settings.keyring else ""


def _from_keyring(settings: ModelSettings) -> str:
    """The password of service `settings.keyring` and user `settings.name`."""
    command = f"keyring set {settings.keyring} {settings.name}"
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        advice = 'Install it with: pip install "ai-lsp[keyring]"'
        raise BadCredentials(
            f'{table(settings)} names a keyring, and the package "keyring" is missing', advice
        ) from None
    try:
        key = keyring.get_password(settings.keyring, settings.name)
    except Exception as problem:  # noqa: BLE001 - every keyring back end raises its own kinds
        kind = type(problem).__name__
        advice = 'Unlock it, or use "key_env" instead'
        raise BadCredentials(f'The OS keyring gave no key for model "{settings.name}" ({kind})', advice) from None
    if not key:
        raise BadCredentials(
            f'The OS keyring holds no key for model "{settings.name}"', f"Store it with: {command}"
        )
    return str(key).strip()
