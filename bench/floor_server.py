"""The floor: an inline completion server as anybody would write it with pygls, in sixty lines.

Typed handlers, pygls's own documents, one streamed request to the model per completion and nothing else. What
ai-lsp costs beyond this is what ai-lsp itself costs; `bench/overhead.py` measures both in one run.
"""

from __future__ import annotations

import json
import os

import httpx
from lsprotocol import types
from pygls.lsp.server import LanguageServer

URL = os.environ.get("FLOOR_MODEL_URL", "http://127.0.0.1:8012")
DIALECT = os.environ.get("FLOOR_MODEL_API", "llamacpp")
WINDOW = 4096  # characters of the document on either side of the cursor

server = LanguageServer("floor", "1")
http = httpx.AsyncClient(base_url=URL, timeout=10)


def model_request(before: str, after: str) -> tuple[str, dict[str, object]]:
    if DIALECT == "llamacpp":
        body = {"input_prefix": before, "input_suffix": after, "n_predict": 64, "cache_prompt": True}
        return "/infill", {**body, "stream": True}
    return "/v1/completions", {
        "model": "any",
        "prompt": before,
        "suffix": after,
        "max_tokens": 64,
        "stream": True,
    }


async def ask_model(before: str, after: str) -> str:
    path, body = model_request(before, after)
    text = ""
    async with http.stream("POST", path, json=body) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: ") and line != "data: [DONE]":
                event = json.loads(line[6:])
                text += event["content"] if "content" in event else event["choices"][0].get("text", "")
    return text


@server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions(work_done_progress=False))
async def inline_completion(params: types.InlineCompletionParams) -> types.InlineCompletionList:
    document = server.workspace.get_text_document(params.text_document.uri)
    offset = document.offset_at_position(params.position)
    source = document.source
    text = await ask_model(source[max(0, offset - WINDOW) : offset], source[offset : offset + WINDOW])
    span = types.Range(params.position, params.position)
    items = [types.InlineCompletionItem(insert_text=text, range=span)] if text.strip() else []
    return types.InlineCompletionList(items)


if __name__ == "__main__":
    server.start_io()
