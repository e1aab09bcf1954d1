"""How each model family wants fill-in-the-middle written: a row per family, and a pure function that writes it.

An odd cell carries its reason in `note`, and where the row's facts come from stands in `source`. A model that
no row names gets no template and is never guessed at: a wrong one yields plausible rubbish.

Source text may hold a family's own tokens (this file does). No escape is free of risk, because every
tokenizer splits differently, so such text is never altered: other files that hold one are left out, and the
text around the cursor is narrowed to the longest stretch that holds none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from ai_lsp.errors import UnknownTemplate
from ai_lsp.models.port import FimPrompt


@dataclass(frozen=True, slots=True)
class FimTemplate:
    """One family's format.

    `models` is a regular expression searched in the lower-case last part of a model's name, its punctuation
    turned into `-`; `examples` are names it must find. `prefix`, `suffix` and `middle` stand before the texts
    they name, in `order`: PSM (prefix, suffix, middle) or SPM (suffix, prefix, middle).

    `lead` opens every prompt and `tail` closes it. `repo`, `other_file`, `this_file` (before the hole) and
    `this_path` (first in the prefix) are written when other files are sent, or always where `names_file`;
    empty `other_file` means that the family was not trained on several files, and they are left out.
    `files_in` says where they go. `ends` are further strings that end an answer; `silent` ones are tokens
    that are no sensible stop, kept out of source text all the same.
    """

    name: str
    models: str
    examples: tuple[str, ...]
    prefix: str
    suffix: str
    middle: str
    order: Literal["PSM", "SPM"]
    ends: tuple[str, ...]
    source: str
    lead: str = ""
    tail: str = ""
    repo: str = ""
    other_file: str = ""
    this_file: str = ""
    this_path: str = ""
    files_in: Literal["front", "prefix"] = "front"
    names_file: bool = False
    silent: tuple[str, ...] = ()
    note: str = ""

    @property
    def stops(self) -> tuple[str, ...]:
        """Strings that end an answer, likeliest first: servers that take only a few get the first ones."""
        marks = (mark.strip() for mark in (self.prefix, self.suffix, self.middle))
        return tuple(dict.fromkeys((*self.ends, *(mark for mark in marks if mark))))

    @property
    def tokens(self) -> tuple[str, ...]:
        """What a tokenizer would read as a token of the family, and source text must not bring in."""
        return tuple(dict.fromkeys(token for token in (*self.stops, *self.silent) if "\n" not in token))

    @property
    def takes_files(self) -> bool:
        """Whether text of other files may stand in front of the prompt."""
        return bool(self.other_file)


_QWEN_ENDS = ("<|endoftext|>", "<|file_sep|>", "<|repo_name|>", "<|fim_pad|>", "<|im_end|>", "<|im_start|>")
_STAR_ENDS = ("<|endoftext|>", "<file_sep>")

TEMPLATES: tuple[FimTemplate, ...] = (
    FimTemplate(
        name="qwen-coder",
        models=r"qwen-?(2-?5|3)-?coder",
        examples=(
            "qwen2.5-coder-1.5b",
            "Qwen/Qwen2.5-Coder-7B",
            "qwen2.5-coder:3b-base",
            "Qwen3-Coder-30B-A3B-Instruct",
        ),
        prefix="<|fim_prefix|>",
        suffix="<|fim_suffix|>",
        middle="<|fim_middle|>",
        order="PSM",
        ends=_QWEN_ENDS,
        repo="<|repo_name|>{repo}\n",
        other_file="<|file_sep|>{path}\n{text}\n",
        this_file="<|file_sep|>{path}\n",
        source="Qwen2.5-Coder README, sections on file-level and repository-level fill-in-the-middle",
        note="Qwen3-Coder's README puts this into a chat turn; llama.cpp's preset runs it raw, as here.",
    ),
    FimTemplate(
        name="codegemma",
        models=r"code-?gemma",
        examples=("codegemma:2b-code", "google/codegemma-7b"),
        prefix="<|fim_prefix|>",
        suffix="<|fim_suffix|>",
        middle="<|fim_middle|>",
        order="PSM",
        ends=("<|file_separator|>", "<end_of_turn>", "<eos>"),
        source="CodeGemma model card",
    ),
    FimTemplate(
        name="granite-4",
        models=r"granite-?4",
        examples=("granite4:tiny-h", "ibm-granite/granite-4.0-micro-base"),
        prefix="<|fim_prefix|>",
        suffix="<|fim_suffix|>",
        middle="<|fim_middle|>",
        order="PSM",
        ends=("<|end_of_text|>", "<|fim_pad|>"),
        source="Granite 4.0 model card",
    ),
    FimTemplate(
        name="starcoder2",
        models=r"starcoder-?2",
        examples=("starcoder2:3b", "bigcode/starcoder2-15b"),
        prefix="<fim_prefix>",
        suffix="<fim_suffix>",
        middle="<fim_middle>",
        order="PSM",
        ends=_STAR_ENDS,
        silent=("<repo_name>",),
        repo="<repo_name>{repo}",
        other_file="<file_sep>{path}\n{text}",
        this_file="<file_sep>",
        this_path="{path}\n",
        source="StarCoder 2 paper (arXiv 2402.19173), section on the repository-context format",
        note="The hole's own path stands after <fim_prefix>, inside the prefix. Trained half PSM, half SPM.",
    ),
    FimTemplate(
        name="starcoder",
        models=r"starcoder(?!-?2)|starcoderbase|stable-?code|refact|codeqwen|granite-?(code|\d+b-code)",
        examples=(
            "bigcode/starcoderbase-1b",
            "starcoder:3b",
            "stable-code:3b",
            "smallcloudai/Refact-1_6B-fim",
            "Qwen/CodeQwen1.5-7B",
            "granite-code:3b",
            "ibm-granite/granite-8b-code-base",
        ),
        prefix="<fim_prefix>",
        suffix="<fim_suffix>",
        middle="<fim_middle>",
        order="PSM",
        ends=(*_STAR_ENDS, "<fim_pad>"),
        silent=("<reponame>", "<filename>"),
        source="model cards of StarCoder, Stable Code, Refact, CodeQwen1.5 and Granite Code",
    ),
    FimTemplate(
        name="santacoder",
        models=r"santacoder",
        examples=("bigcode/santacoder",),
        prefix="<fim-prefix>",
        suffix="<fim-suffix>",
        middle="<fim-middle>",
        order="PSM",
        ends=("<|endoftext|>", "<fim-pad>"),
        source="SantaCoder model card",
        note="Hyphens, not underscores.",
    ),
    FimTemplate(
        name="deepseek-coder",
        models=r"deepseek-coder",
        examples=(
            "deepseek-coder:1.3b-base",
            "deepseek-ai/DeepSeek-Coder-V2-Lite-Base",
            "deepseek-coder-v2:16b",
        ),
        prefix="<｜fim▁begin｜>",
        suffix="<｜fim▁hole｜>",
        middle="<｜fim▁end｜>",
        order="PSM",
        ends=("<｜end▁of▁sentence｜>",),
        silent=("<｜begin▁of▁sentence｜>",),
        source="DeepSeek-Coder README, code insertion",
        note="The bars are U+FF5C and the low lines U+2581; the hole's mark stands where the suffix starts.",
    ),
    FimTemplate(
        name="codellama",
        models=r"code-?llama(?!.*(34b|70b|python))",
        examples=("codellama:7b-code", "codellama/CodeLlama-13b-hf"),
        prefix="<PRE> ",
        suffix=" <SUF>",
        middle=" <MID>",
        order="PSM",
        ends=("<EOT>", "</s>"),
        source="CodeLlama paper (arXiv 2308.12950), section on infilling; its README",
        note="The blanks belong to the format. 34B, 70B and the Python variants were not trained to infill.",
    ),
    FimTemplate(
        name="codestral",
        models=r"codestral(?!-(mamba|embed))",
        examples=("codestral:22b", "mistralai/Codestral-22B-v0.1", "codestral-latest"),
        prefix="[PREFIX]",
        suffix="[SUFFIX]",
        middle="",
        order="SPM",
        ends=("\n+++++ ", "</s>"),
        silent=("[MIDDLE]", "[INST]", "[/INST]"),
        other_file="+++++ {path}\n{text}\n\n",
        this_path="+++++ {path}\n",
        files_in="prefix",
        source="mistral-common's fill-in-the-middle encoding; the multi-file form as Continue sends it",
        note="No middle token: the answer follows the prefix. Codestral's Mamba and Embed do not infill.",
    ),
    FimTemplate(
        name="seed-coder",
        models=r"seed-?coder",
        examples=("ByteDance-Seed/Seed-Coder-8B-Base",),
        prefix="<[fim-prefix]>",
        suffix="<[fim-suffix]>",
        middle="<[fim-middle]>",
        order="SPM",
        ends=("<[end▁of▁sentence]>", "<[PAD▁TOKEN]>", "<[SEP▁TOKEN]>"),
        silent=("<[begin▁of▁sentence]>",),
        source="Seed-Coder model card; the order as Zed's zeta2 and Lacuna, trained on it, use it",
    ),
    FimTemplate(
        name="mellum",
        models=r"mellum",
        examples=("JetBrains/Mellum-4b-base", "mellum-4b-dpo-all-gguf"),
        prefix="<fim_prefix>",
        suffix="<fim_suffix>",
        middle="<fim_middle>",
        order="SPM",
        ends=("<|endoftext|>", "<filename>"),
        silent=("<reponame>", "<fim_pad>"),
        other_file="<filename>{path}\n{text}\n\n",
        this_file="<filename>{path}\n",
        source="Mellum-4b model card, example with context files; order: Mellum paper (arXiv 2510.05788)",
    ),
    FimTemplate(
        name="aixcoder",
        models=r"aixcoder",
        examples=("aiXcoder/aixcoder-7b-base",),
        prefix="▁<AIX-SPAN-PRE>",
        suffix="▁<AIX-SPAN-POST>",
        middle="▁<AIX-SPAN-MIDDLE>",
        order="PSM",
        ends=("</s>",),
        source="aiXcoder-7B README",
        note="The low line is U+2581; the leading <s> is the tokenizer's.",
    ),
    FimTemplate(
        name="codegeex4",
        models=r"codegeex-?4",
        examples=("codegeex4:9b", "THUDM/codegeex4-all-9b"),
        prefix="<|code_prefix|>",
        suffix="<|code_suffix|>",
        middle="<|code_middle|>",
        order="SPM",
        ends=("<|endoftext|>", "<|user|>", "<|assistant|>", "<|observation|>"),
        lead="<|user|>\n",
        other_file="###REFERENCE:\n###PATH:{path}\n{text}\n",
        this_file="###PATH:{path}\n###LANGUAGE:{language}\n###MODE:BLOCK\n",
        names_file=True,
        tail="<|assistant|>\n",
        source="CodeGeeX4 infilling guide",
        note="A chat turn around the hole, which always names path and language.",
    ),
    FimTemplate(
        name="glm",
        models=r"glm-?4-?[5-9]",
        examples=("zai-org/GLM-4.5-Air", "glm-4.6"),
        prefix="<|code_prefix|>",
        suffix="<|code_suffix|>",
        middle="<|code_middle|>",
        order="PSM",
        ends=("<|endoftext|>", "<|user|>", "<|assistant|>", "<|observation|>"),
        source="the tokenizer of GLM-4.5; llama.cpp's list of fill-in-the-middle tokens",
    ),
    FimTemplate(
        name="falcon-h1-coder",
        models=r"falcon-h1.*coder",
        examples=("tiiuae/Falcon-H1-Tiny-Coder-90M",),
        prefix="<|prefix|>",
        suffix="<|suffix|>",
        middle="<|middle|>",
        order="PSM",
        ends=("<|end_of_text|>", "<|endoftext|>"),
        source="llama.cpp's list of fill-in-the-middle tokens",
    ),
    FimTemplate(
        name="mercury-coder",
        models=r"mercury-coder",
        examples=("mercury-coder", "inception/mercury-coder-small"),
        prefix="<|fim_prefix|>",
        suffix="<|fim_suffix|>",
        middle="<|fim_middle|>",
        order="PSM",
        ends=("<|file_sep|>", "<|endoftext|>"),
        other_file="<|file_sep|>{path}\n{text}\n",
        this_file="<|file_sep|>{path}\n",
        source="the text form as Continue sends it",
    ),
)


CHAT_ADVICE = 'Set "template" of this model to "chat"'
"""For an API that only takes conversations."""


def template_names() -> tuple[str, ...]:
    """The names that the setting `template` may hold, in table order."""
    return tuple(row.name for row in TEMPLATES)


def template_for(model: str, override: str = "") -> FimTemplate:
    """The row that `override` names or, without one, the only row that knows `model`.

    Raises UnknownTemplate, whose advice lists every row, where there is no such row, or more than one.
    """
    advice = f'Set "template" of this model to one of: {", ".join(template_names())}'
    if override:
        for row in TEMPLATES:
            if row.name == override.strip().lower():
                return row
        raise UnknownTemplate(f'"{override}" is not a fill-in-the-middle template', advice)
    plain = re.sub(r"[^a-z0-9]+", "-", re.split(r"[/\\]", model.strip())[-1].lower())
    found = [row for row in TEMPLATES if re.search(row.models, plain)]
    if len(found) == 1:
        return found[0]
    known = "is not known" if not found else "fits several families"
    raise UnknownTemplate(f'The fill-in-the-middle format of the model "{model}" {known}', advice)


def narrow(prompt: FimPrompt, tokens: tuple[str, ...]) -> FimPrompt:
    """`prompt` without any of `tokens`: the text nearest to the cursor that holds none, and clean files.

    Nothing is altered but by leaving out: the prefix loses its start, the suffix its end.
    """
    token = re.compile("|".join(re.escape(each) for each in tokens))
    before = prompt.prefix + prompt.typed
    hits = list(token.finditer(before))
    start = hits[-1].end() if hits else 0
    at_line = len(prompt.prefix)
    first = token.search(prompt.suffix)
    kept = [not token.search(each.path + "\n" + each.text) for each in prompt.files]
    return replace(
        prompt,
        prefix=before[start:at_line],
        typed=before[max(start, at_line) :],
        suffix=prompt.suffix[: first.start()] if first else prompt.suffix,
        path="" if token.search(prompt.path) else prompt.path,
        repo="" if token.search(prompt.repo) else prompt.repo,
        files=tuple(each for each, is_kept in zip(prompt.files, kept, strict=True) if is_kept),
        lasting=None if prompt.lasting is None else sum(kept[: prompt.lasting]),
    )


def guarded(model: str, prompt: FimPrompt) -> FimPrompt:
    """`prompt` for a server that renders it by itself, without the tokens of `model`'s family if we know it."""
    try:
        return narrow(prompt, template_for(model).tokens)
    except UnknownTemplate:
        return prompt


def render(template: FimTemplate, prompt: FimPrompt, *, typed_after_middle: bool = False) -> str:
    """`prompt` as the family's text, ready for a raw completion endpoint.

    With `typed_after_middle`, a PSM row writes the cursor line's typed part behind the middle token, as the
    start of the answer: a server with a prefix cache then re-reads only what was typed since. The model then
    sees a hole at the line's start, which is not quite the text it would see otherwise, so it is a choice. An
    SPM row always has the prefix last, and needs no such choice.
    """
    clean = narrow(prompt, template.tokens)
    front, inside = _headers(template, clean)
    if template.order == "SPM":
        hole = f"{template.suffix}{clean.suffix}{template.prefix}{inside}{clean.prefix}{clean.typed}"
        return f"{template.lead}{front}{hole}{template.middle}{template.tail}"
    left, behind = (clean.prefix, clean.typed) if typed_after_middle else (clean.prefix + clean.typed, "")
    hole = f"{template.prefix}{inside}{left}{template.suffix}{clean.suffix}{template.middle}"
    return f"{template.lead}{front}{hole}{template.tail}{behind}"


def _headers(template: FimTemplate, prompt: FimPrompt) -> tuple[str, str]:
    """What names the files: before the hole, and first inside its prefix."""
    files = prompt.files if template.takes_files else ()
    if not files and not template.names_file:
        return "", ""
    repo = template.repo.format(repo=prompt.repo or "project") if template.repo else ""
    brings_end = template.other_file.endswith("\n")
    others = "".join(
        template.other_file.format(path=each.path, text=each.text.removesuffix("\n") if brings_end else each.text)
        for each in files
    )
    named = {"path": prompt.path or "untitled", "language": prompt.language_id or "text"}
    here, path = template.this_file.format(**named), template.this_path.format(**named)
    if template.files_in == "prefix":
        return "", f"{repo}{others}{here}{path}"
    return f"{repo}{others}{here}", path
