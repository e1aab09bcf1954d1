"""Make a tiny code model as a GGUF file in a second: random weights, a tokenizer trained on the Python library.

Runs in the separate environment of `serve.py` (packages gguf, numpy, tokenizers): `python make.py OUT.gguf`, for
a larger one with `WIDTH LAYERS`. What it answers is noise, but its vocabulary, fill-in-the-middle tokens and
token counts are real.
"""

from __future__ import annotations

import json
import sys
import sysconfig
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY, CONTEXT = 1024, 16384
WIDTH, LAYERS, HEADS = (int(sys.argv[2]), int(sys.argv[3]), 8) if len(sys.argv) > 3 else (64, 2, 4)
CORPUS_BYTES = 1_000_000

END, TURN, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
FIM = {
    "pre": "<|fim_prefix|>",
    "suf": "<|fim_suffix|>",
    "mid": "<|fim_middle|>",
    "pad": "<|fim_pad|>",
    "rep": "<|repo_name|>",
    "sep": "<|file_sep|>",
}
SPECIAL = [END, TURN, TURN_END, *FIM.values()]
CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def corpus() -> list[str]:
    """Source files of the standard library, in a fixed order, up to CORPUS_BYTES."""
    texts, size = [], 0
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        texts.append(path.read_text("utf-8", "replace"))
        size += len(texts[-1])
        if size > CORPUS_BYTES:
            break
    return texts


def trained_tokenizer() -> Any:
    """Byte-level BPE, split as GPT-2 splits, which llama.cpp knows as "gpt-2"."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


def weights(vocabulary: int) -> dict[str, Any]:
    """Random weights of a Llama, the same at each run."""
    dice = np.random.default_rng(0)

    def matrix(*shape: int) -> Any:
        return dice.standard_normal(shape, dtype=np.float32) * np.float32(0.05)

    ones = np.ones(WIDTH, np.float32)
    found = {"token_embd.weight": matrix(vocabulary, WIDTH), "output_norm.weight": ones}
    found["output.weight"] = matrix(vocabulary, WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        found |= {block + "attn_norm.weight": ones, block + "ffn_norm.weight": ones}
        found |= {f"{block}attn_{part}.weight": matrix(WIDTH, WIDTH) for part in ("q", "k", "v", "output")}
        found |= {f"{block}ffn_{part}.weight": matrix(4 * WIDTH, WIDTH) for part in ("gate", "up")}
        found[block + "ffn_down.weight"] = matrix(WIDTH, 4 * WIDTH)
    return found


def write(path: Path) -> None:
    """Write the model to `path`, whole or not at all."""
    described = json.loads(trained_tokenizer().to_str())["model"]
    ids: dict[str, int] = described["vocab"]
    tokens = sorted(ids, key=ids.__getitem__)
    merges = [each if isinstance(each, str) else " ".join(each) for each in described["merges"]]
    part = path.with_suffix(".part")
    out = gguf.GGUFWriter(part, "llama")
    out.add_name("ai-lsp-tiny")
    out.add_file_type(gguf.LlamaFileType.ALL_F32)
    out.add_context_length(CONTEXT)
    out.add_embedding_length(WIDTH)
    out.add_feed_forward_length(4 * WIDTH)
    out.add_block_count(LAYERS)
    out.add_head_count(HEADS)
    out.add_head_count_kv(HEADS)
    out.add_rope_dimension_count(WIDTH // HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_vocab_size(len(tokens))
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    out.add_token_list(tokens)
    out.add_token_types([gguf.TokenType.CONTROL if each in SPECIAL else gguf.TokenType.NORMAL for each in tokens])
    out.add_token_merges(merges)
    out.add_bos_token_id(ids[END])
    out.add_eos_token_id(ids[END])
    out.add_eot_token_id(ids[TURN_END])
    out.add_add_bos_token(False)
    for role, token in FIM.items():
        out.add_uint32(f"tokenizer.ggml.fim_{role}_token_id", ids[token])
    out.add_chat_template(CHAT_TEMPLATE)
    for name, value in weights(len(tokens)).items():
        out.add_tensor(name, np.ascontiguousarray(value))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    part.replace(path)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
