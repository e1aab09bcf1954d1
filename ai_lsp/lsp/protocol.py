"""pygls's protocol with raw params and exactly one answer per request; cures what was measured in pygls 2.1.1.

pygls drops requests that fail validation, shows a pop-up for each failure, loses fields its types do not
know, applies changes to documents in O(lines) and logs every body. Here nothing is converted on the way in:
handlers get the dictionaries that came, and `lsp.from_lsp` says what is wrong with them.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from pygls.lsp.server import LanguageServer
from pygls.protocol.language_server import LanguageServerProtocol

from ai_lsp.lsp.from_lsp import InvalidParams
from ai_lsp.lsp.transport import StdioWriter
from ai_lsp.text.framing import BadMessage

log = logging.getLogger(__name__)

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32603,
)
NOT_INITIALIZED, REQUEST_CANCELLED = -32002, -32800


@dataclass(eq=False, slots=True)
class Request:
    """One request being answered. Whoever answers first wins; later answers are dropped."""

    id: int | str
    method: str
    send: Callable[[Any], None]
    is_answered: bool = False
    task: asyncio.Task[None] | None = None

    def answer(self, result: Any) -> None:
        """Send the result, unless the request is answered already."""
        self._finish({"jsonrpc": "2.0", "id": self.id, "result": result})

    def fail(self, code: int, message: str) -> None:
        """Send an error, unless the request is answered already."""
        self._finish({"jsonrpc": "2.0", "id": self.id, "error": {"code": code, "message": message}})

    def supersede(self) -> None:
        """Answer null at once and stop the work: a newer request has taken this one's place."""
        self.answer(None)
        self.stop()

    def stop(self) -> None:
        """Cancel the work that is still going on."""
        if self.task is not None:
            self.task.cancel()

    def _finish(self, message: dict[str, Any]) -> None:
        if not self.is_answered:
            self.is_answered = True
            self.send(message)


Handler = Callable[[Any, Request | None], Any]
"""Takes the raw params and the request, which is None for a notification. Runs at once, so that it can take
its snapshot in order; returns the result, or an awaitable of it for whatever has to wait."""


@dataclass(frozen=True, slots=True)
class Route:
    """How one method is served. `empty` is the answer where the handler fails, for methods that editors
    ask on their own at every key and whose errors they would show."""

    handler: Handler
    empty: Callable[[], Any] | None = None


class RawProtocol(LanguageServerProtocol):
    """JSON-RPC over raw dictionaries, on top of pygls's bookkeeping."""

    def __init__(self, server: Any, converter: Any) -> None:
        super().__init__(server, converter)
        self.routes: dict[str, Route] = {}
        self.out: StdioWriter | None = None
        self.is_initialized = False
        self.exit_code: asyncio.Future[int] | None = None
        self._running: dict[int | str, Request] = {}

    def handle_message(self, message: Any) -> None:
        """Take one message from the client. Never raises."""
        try:
            self._take(message)
        except Exception:  # the edge: a fault here must not end the session
            log.exception("a message could not be handled")

    def _take(self, message: Any) -> None:
        if isinstance(message, list):
            for one in message:
                self._take(one)
            return
        if not isinstance(message, dict):
            if isinstance(message, BadMessage):
                self._send(
                    {"jsonrpc": "2.0", "id": None, "error": {"code": PARSE_ERROR, "message": str(message)}}
                )
            return
        method = message.get("method")
        if method is None:
            self._take_response(message)
        elif "id" in message and message["id"] is not None:
            self._take_request(message["id"], method, message.get("params"))
        elif isinstance(method, str):
            self._take_notification(method, message.get("params"))

    def _take_request(self, id: Any, method: Any, params: Any) -> None:
        known = id if isinstance(id, str | int) and not isinstance(id, bool) else None
        request = Request(known, str(method), self._send)  # type: ignore[arg-type]
        if known is None or not isinstance(method, str):
            request.fail(INVALID_REQUEST, "`id` must be a string or a whole number, `method` a string")
            return
        if self._shutdown:
            request.fail(INVALID_REQUEST, "the server is shutting down")
            return
        if not self.is_initialized and method != "initialize":
            request.fail(NOT_INITIALIZED, "`initialize` must be the first request")
            return
        if self.is_initialized and method == "initialize":
            request.fail(INVALID_REQUEST, "`initialize` may be sent only once")
            return
        route = self.routes.get(method)
        if route is None:
            request.fail(METHOD_NOT_FOUND, f"no method {method!r}")
            return
        self._running[known] = request
        try:
            result = route.handler(params, request)
        except Exception as error:  # noqa: BLE001 - the edge
            self._failed(request, route, error)
            self._finished(request)
            return
        if isinstance(result, Awaitable):
            request.task = asyncio.ensure_future(self._finish_later(request, route, result))
            if isinstance(result, Coroutine):  # cancelled before its first step, it would never be awaited
                request.task.add_done_callback(lambda _: result.close())
        else:
            request.answer(result)
            self._finished(request)

    async def _finish_later(self, request: Request, route: Route, work: Awaitable[Any]) -> None:
        try:
            request.answer(await work)
        except asyncio.CancelledError:
            request.fail(REQUEST_CANCELLED, "cancelled")
            raise
        except Exception as error:  # noqa: BLE001 - the edge
            self._failed(request, route, error)
        finally:
            self._finished(request)

    def _failed(self, request: Request, route: Route, error: Exception) -> None:
        if isinstance(error, InvalidParams | RequestRefused):
            code = error.code if isinstance(error, RequestRefused) else INVALID_PARAMS
            request.fail(code, str(error))
            return
        log.error("request %s %s failed", request.id, request.method, exc_info=error)
        if route.empty is not None:
            request.answer(route.empty())
        else:
            request.fail(INTERNAL_ERROR, f"{request.method} failed; the server's log says why")

    def _finished(self, request: Request) -> None:
        if self._running.get(request.id) is request:
            del self._running[request.id]

    def _take_notification(self, method: str, params: Any) -> None:
        if method == "exit":
            self._exit()
        elif method == "$/cancelRequest":
            self._cancel(params)
        elif not self.is_initialized or self._shutdown:
            log.debug("ignored %s", method)
        elif (route := self.routes.get(method)) is not None:
            # copilot.el sends workspace/executeCommand this way: it runs, and nobody waits for the result.
            try:
                result = route.handler(params, None)
            except InvalidParams as error:
                log.warning("ignored %s: %s", method, error)
                return
            if isinstance(result, Awaitable):
                task = asyncio.ensure_future(result)
                task.add_done_callback(_log_failure)

    def _cancel(self, params: Any) -> None:
        id = params.get("id") if isinstance(params, Mapping) else None
        request = self._running.get(id) if isinstance(id, str | int) else None
        if request is not None:
            request.fail(REQUEST_CANCELLED, "cancelled")
            request.stop()

    def _take_response(self, message: dict[str, Any]) -> None:
        id = message.get("id")
        future = self._request_futures.pop(id, None) if isinstance(id, str) else None
        if future is None or future.done():
            return
        error = message.get("error")
        if error is not None:
            text = error.get("message") if isinstance(error, Mapping) else error
            future.set_exception(ClientRefused(str(text)))
        else:
            future.set_result(message.get("result"))

    def begin_shutdown(self) -> None:
        """Refuse new requests and cancel the running ones, each of which is answered."""
        self._shutdown = True
        for request in list(self._running.values()):
            if request.method != "shutdown":
                request.fail(REQUEST_CANCELLED, "the server is shutting down")
                request.stop()

    def _exit(self) -> None:
        if self.exit_code is not None and not self.exit_code.done():
            self.exit_code.set_result(0 if self._shutdown else 1)

    def _send(self, message: Any) -> None:
        if self.out is not None:
            self.out.send(message)

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification of plain JSON values."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def send_request(
        self,
        method: str,
        params: Any = None,
        callback: Callable[[Any], None] | None = None,
        msg_id: int | str | None = None,
    ) -> Future[Any]:
        """Send a request of plain JSON values; the future may never resolve, as some clients never answer."""
        key = str(msg_id) if msg_id is not None else str(uuid.uuid4())
        future: Future[Any] = Future()
        if callback is not None:
            future.add_done_callback(lambda done: callback(done.result()))
        self._request_futures[key] = future
        self._send({"jsonrpc": "2.0", "id": key, "method": method, "params": params})
        return future


class RequestRefused(RuntimeError):
    """A request that was understood and cannot be met; the text is for the user."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class ClientRefused(RuntimeError):
    """The client answered a request of ours with an error."""


def _log_failure(task: asyncio.Future[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a notification failed", exc_info=error)


def make_server(version: str) -> LanguageServer:
    """A pygls server that speaks RawProtocol. No converter is built: nothing is converted."""
    return LanguageServer("ai-lsp", version, protocol_cls=RawProtocol, converter_factory=lambda: None)
