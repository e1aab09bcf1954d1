"""What the server may say to the editor, whoever carries it."""

from __future__ import annotations

from typing import Any, Protocol


class Client(Protocol):
    """The editor's side. `ask` gives None where the editor refuses or is late; `request` raises
    protocol.ClientRefused and TimeoutError. Time limits are in seconds."""

    def notify(self, method: str, params: Any = None) -> None: ...
    async def ask(self, method: str, params: Any, timeout_s: float) -> Any: ...
    async def request(self, method: str, params: Any, timeout_s: float) -> Any: ...
