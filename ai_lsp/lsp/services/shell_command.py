"""`ai-lsp.shellCommand`: an instruction becomes a command that is shown, copied or inserted, and never run."""

from __future__ import annotations

import asyncio
import contextlib
import platform
from collections.abc import Mapping
from typing import Any

from ai_lsp.errors import ModelError, PromptWithheld
from ai_lsp.lsp.deliver import Consent, choose, deliver, single_file
from ai_lsp.lsp.from_lsp import InvalidParams, mapping, offset_at
from ai_lsp.lsp.progress import Progress
from ai_lsp.lsp.services.instruct import NO_MODEL
from ai_lsp.lsp.services.service import Command, Service
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

NAME = "ai-lsp.shellCommand"
INSERT, COPY, CLOSE = "Insert at the cursor", "Copy", "Close"
MOST_INSTRUCTION = 2_000


class ShellCommandService(Service):
    """Takes an instruction, or `{instruction, uri?, position?}` where the command may be inserted."""

    def commands(self) -> Mapping[str, Command]:
        return {NAME: self._command}

    def _command(self, arguments: list[Any]) -> None:
        first = arguments[0] if arguments else ""
        said = {"instruction": first} if isinstance(first, str) else mapping(first, "arguments[0]")
        instruction = said.get("instruction")
        if not isinstance(instruction, str) or not 0 < len(instruction.strip()) <= MOST_INSTRUCTION:
            raise InvalidParams(f"`instruction` must be a text of at most {MOST_INSTRUCTION} characters")
        snapshot = self.session.documents.get(str(said.get("uri")))
        place = None
        if snapshot is not None and isinstance(said.get("position"), Mapping):
            place = (snapshot, offset_at(snapshot, said["position"]))
        if not self._route_name():
            self.session.say(f"ai-lsp: {NO_MODEL}")
            return
        self.session.works.start("Shell command", lambda progress: self._work(instruction, place, progress))

    def _route_name(self) -> str:
        routes = self.session.settings.routes
        return routes.ask or routes.edit

    async def _work(
        self, instruction: str, place: tuple[DocumentSnapshot, int] | None, progress: Progress
    ) -> str:
        core = await asyncio.to_thread(_core)
        progress.report("waiting for the model")
        reply = await self._ask(core.request(instruction, f"{platform.system()} and its usual shell"))
        if isinstance(reply, ModelError):
            self.session.say(f"ai-lsp: The model failed. {reply}")
            return "failed"
        command = core.read(reply)
        if command is None:
            self.session.say("ai-lsp: The model's answer holds no command.")
            return "no command"
        warned = f" Careful: {', '.join(command.warnings)}." if command.warnings else ""
        choices = [INSERT] if place is not None and self.session.features.can_apply_edits else []
        choices += [COPY] if self.session.features.can_copy else []
        progress.report("waiting for your choice")
        chosen = await choose(self.session, f"ai-lsp: {command.text}\nIt was not run.{warned}", [*choices, CLOSE])
        if chosen == COPY:
            self.session.client.notify("aiLsp/copy", {"text": command.text})
        elif chosen == INSERT and place is not None:
            snapshot, offset = place
            change = single_file("AI: shell command", snapshot, [Edit(Span(offset, offset), command.text)])
            delivered = await deliver(self.session, change, Consent.GIVEN)
            if delivered.detail:
                self.session.say(f"ai-lsp: {delivered.detail}")
        return "not run"

    async def _ask(self, request: Any) -> str | ModelError:
        route = self.session.models.route(name := self._route_name())
        if route is None:
            return ModelError(self.session.models.problem(name) or "it rests after a failure")
        reply, usage = "", None
        route.started()
        try:
            async with contextlib.aclosing(route.model.stream(request)) as stream:
                async for chunk in stream:
                    reply, usage = reply + chunk.text, chunk.usage or usage
        except PromptWithheld as error:
            route.abandoned()
            return error
        except ModelError as error:
            route.failed(error, is_told=True)
            return error
        except BaseException:
            route.abandoned()
            raise
        route.succeeded(request, usage)
        return reply


def _core() -> Any:
    from ai_lsp.edits import shell_command

    return shell_command
