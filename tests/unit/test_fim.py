"""FIM prompts as the model cards print them, and the names that must not find a template."""

from __future__ import annotations

import pytest

from ai_lsp.errors import UnknownTemplate
from ai_lsp.models.fim import render, template_for, template_names
from ai_lsp.models.port import ContextFile, FimPrompt

HOLE = FimPrompt("def f():\n", "    ret", "\n", path="src/f.py", repo="shop", language_id="python")
WITH_FILE = FimPrompt(
    "def f():\n",
    "    ret",
    "\n",
    path="src/f.py",
    repo="shop",
    language_id="python",
    files=(ContextFile("src/g.py", "G = 1\n"),),
)

ALONE = {
    "qwen-coder": "<|fim_prefix|>def f():\n    ret<|fim_suffix|>\n<|fim_middle|>",
    "starcoder2": "<fim_prefix>def f():\n    ret<fim_suffix>\n<fim_middle>",
    "santacoder": "<fim-prefix>def f():\n    ret<fim-suffix>\n<fim-middle>",
    "deepseek-coder": "<｜fim▁begin｜>def f():\n    ret<｜fim▁hole｜>\n<｜fim▁end｜>",
    "codellama": "<PRE> def f():\n    ret <SUF>\n <MID>",
    "codestral": "[SUFFIX]\n[PREFIX]def f():\n    ret",
    "seed-coder": "<[fim-suffix]>\n<[fim-prefix]>def f():\n    ret<[fim-middle]>",
    "codegeex4": "<|user|>\n###PATH:src/f.py\n###LANGUAGE:python\n###MODE:BLOCK\n"
    "<|code_suffix|>\n<|code_prefix|>def f():\n    ret<|code_middle|><|assistant|>\n",
}
WITH_OTHER = {
    "qwen-coder": "<|repo_name|>shop\n<|file_sep|>src/g.py\nG = 1\n<|file_sep|>src/f.py\n"
    "<|fim_prefix|>def f():\n    ret<|fim_suffix|>\n<|fim_middle|>",
    "starcoder2": "<repo_name>shop<file_sep>src/g.py\nG = 1\n<file_sep>"
    "<fim_prefix>src/f.py\ndef f():\n    ret<fim_suffix>\n<fim_middle>",
    "codestral": "[SUFFIX]\n[PREFIX]+++++ src/g.py\nG = 1\n\n+++++ src/f.py\ndef f():\n    ret",
    "mellum": "<filename>src/g.py\nG = 1\n\n<filename>src/f.py\n"
    "<fim_suffix>\n<fim_prefix>def f():\n    ret<fim_middle>",
    "deepseek-coder": ALONE["deepseek-coder"],  # not trained on several files: they stay out
}


@pytest.mark.parametrize("name", ALONE)
def test_a_hole_alone(name: str) -> None:
    assert render(template_for("", name), HOLE) == ALONE[name]


@pytest.mark.parametrize("name", WITH_OTHER)
def test_a_hole_with_another_file(name: str) -> None:
    assert render(template_for("", name), WITH_FILE) == WITH_OTHER[name]


def test_the_typed_part_can_stand_behind_the_middle_token() -> None:
    text = render(template_for("qwen2.5-coder"), HOLE, typed_after_middle=True)
    assert text == "<|fim_prefix|>def f():\n<|fim_suffix|>\n<|fim_middle|>    ret"


@pytest.mark.parametrize(
    "model",
    [
        "gpt-4o",
        "claude-sonnet-4-5",
        "llama-3.1-8b",
        "devstral-small",
        "codellama:34b-code",
        "CodeLlama-7b-Python-hf",
        "codestral-embed",
        "codestral-mamba",
        "qwen2.5-7b-instruct",
        "deepseek-r1",
        "granite3.3:8b",
        "coder",
        "",
    ],
)
def test_a_model_that_no_row_knows_is_told_with_all_names(model: str) -> None:
    with pytest.raises(UnknownTemplate) as caught:
        template_for(model)
    assert all(name in caught.value.advice for name in template_names())
    assert caught.value.tell_user


def test_a_wrong_override_is_told_even_for_a_known_model() -> None:
    with pytest.raises(UnknownTemplate, match="qwen-codr"):
        template_for("qwen2.5-coder", "qwen-codr")


def test_text_about_the_format_itself_is_narrowed_not_altered() -> None:
    prompt = FimPrompt(
        'PRE = "<|fim_prefix|>"\nSUF = ',
        '"x',
        '"\nMID = "<|fim_middle|>"\n',
        files=(ContextFile("t.py", "<|file_sep|>"), ContextFile("ok.py", "A = 1\n")),
    )
    text = render(template_for("qwen3-coder"), prompt)
    assert text == (
        "<|repo_name|>project\n<|file_sep|>ok.py\nA = 1\n<|file_sep|>untitled\n"
        '<|fim_prefix|>"\nSUF = "x<|fim_suffix|>"\nMID = "<|fim_middle|>'
    )
