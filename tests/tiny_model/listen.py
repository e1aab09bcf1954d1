"""Serve a GGUF file with llama.cpp's own HTTP server on loopback: `python listen.py MODEL [PORT] [SLOTS]`.

Runs in the separate environment of `serve.py` (package xllamacpp, which is llama.cpp as a Python wheel). Prints
the URL once it listens, and ends when its standard input does, so that it never outlives who started it.
"""

from __future__ import annotations

import os
import sys

import xllamacpp


def main(model: str, port: int, slots: int) -> None:
    """Serve until standard input ends."""
    options = xllamacpp.CommonParams()
    options.model.path = model
    options.hostnames = ["127.0.0.1"]
    options.port = port
    options.n_ctx = 8192 * slots  # it is divided among the slots
    options.n_parallel = slots
    options.endpoint_slots = True
    options.endpoint_metrics = True
    options.warmup = False
    if os.environ.get("AI_LSP_TINY_SPECULATION"):  # drafts found in the prompt: for bench/speculation.py
        options.speculative.types = [xllamacpp.common_speculative_type.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
        options.speculative.ngram_simple.size_m = int(os.environ["AI_LSP_TINY_SPECULATION"])
    options.cache_ram_mib = int(os.environ.get("AI_LSP_TINY_CACHE_RAM", "8192"))  # the default of llama.cpp
    options.cpuparams.n_threads = 1  # more only spin on a shared machine
    options.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(options)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    given = sys.argv[1:]
    main(given[0], int(given[1]) if len(given) > 1 else 0, int(given[2]) if len(given) > 2 else 1)
