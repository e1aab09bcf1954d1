"""Apply: what each reply format changes in a small file, and what is refused, with the failures others had."""

from __future__ import annotations

import pytest

from ai_lsp.edits.apply import Applied, Match, Reason, Refusal, changed_text, locate_and_merge
from ai_lsp.edits.formats import FORMATS
from ai_lsp.edits.formats.recognise import read_reply
from ai_lsp.text.document import DocumentSnapshot

FILE = '''import os


class Foo:
    """Says things."""

    def first(self):
        return 1

    def second(self, x):
        # twice as much
        y = 2 * x
        return y


def third():
    y = 2
    return Foo().second(y)
'''


def document(text: str = FILE, name: str = "a.py", language: str = "python") -> DocumentSnapshot:
    return DocumentSnapshot(f"file:///w/src/{name}", 1, language, text)


def apply(reply: str, text: str = FILE, **more: str) -> str | Refusal:
    """The text after the first proposal of a reply."""
    snapshot = document(text, **more)
    found = read_reply(reply, snapshot)
    if isinstance(found, Refusal):
        return found
    applied = locate_and_merge(snapshot, found[0])
    return applied if isinstance(applied, Refusal) else changed_text(text, applied)


def block(before: str, after: str, path: str = "") -> str:
    return f"{path}\n<<<<<<< SEARCH\n{before}=======\n{after}>>>>>>> REPLACE\n"


def evidence(reply: str, text: str = FILE) -> tuple[Match, tuple[str, ...]]:
    snapshot = document(text)
    found = read_reply(reply, snapshot)
    assert not isinstance(found, Refusal)
    applied = locate_and_merge(snapshot, found[0])
    assert isinstance(applied, Applied), applied
    return applied.evidence[0].match, applied.evidence[0].differences


WANTED = FILE.replace("        y = 2 * x\n", "        y = 3 * x\n        log(y)\n")

GOOD = {
    "a block": block("        y = 2 * x\n", "        y = 3 * x\n        log(y)\n"),
    "a block in a fence, with its path": "Sure!\n\nsrc/a.py\n```python\n"
    + block("        y = 2 * x\n", "        y = 3 * x\n        log(y)\n").lstrip()
    + "```\nDone.",
    "a block at another indentation": block("y = 2 * x\nreturn y\n", "y = 3 * x\nlog(y)\nreturn y\n"),
    "a block with gaps": block(
        "    def second(self, x):\n...\n        y = 2 * x\n",
        "    def second(self, x):\n...\n        y = 3 * x\n        log(y)\n",
    ),
    "a slip in a line shown for context": block(
        "        # twise as much\n        y = 2 * x\n",
        "        # twise as much\n        y = 3 * x\n        log(y)\n",
    ),
    "a diff with wrong numbers": "```diff\n--- a/src/a.py\n+++ b/src/a.py\n@@ -112,3 +99,4 @@\n"
    "         # twice as much\n"
    "-        y = 2 * x\n+        y = 3 * x\n+        log(y)\n         return y\n```\n",
    "a diff without a file": "@@ @@\n"
    "-        y = 2 * x\n+        y = 3 * x\n+        log(y)\n         return y\n",
    "a V4A patch": "*** Begin Patch\n*** Update File: src/a.py\n@@ class Foo:\n@@ def second(self, x):\n"
    "         # twice as much\n-        y = 2 * x\n+        y = 3 * x\n+        log(y)\n         return y\n"
    "*** End Patch",
    "the whole file": f"Here it is:\n```python\n{WANTED}```\n",
    "a whole method": "```python\n"
    "    def second(self, x):\n        # twice as much\n        y = 3 * x\n        log(y)\n"
    "        return y\n```",
    "a whole method without its indentation": "```python\n"
    "def second(self, x):\n    # twice as much\n    y = 3 * x\n"
    "    log(y)\n    return y\n```",
    "a sketch": "```python\n# ... existing code ...\n\nclass Foo:\n    # ... existing code ...\n\n"
    "    def second(self, x):\n        # twice as much\n        y = 3 * x\n        log(y)\n        return y\n\n"
    "# ... rest of the file ...\n```",
    "a sketch of a part of a method": "class Foo:\n"
    "    # ...\n    def second(self, x):\n        # ... existing code ...\n"
    "        y = 3 * x\n        log(y)\n        return y\n    # ...\n",
    "leaked tokens": block("        y = 2 * x\n", "        y = 3 * x\n        log(y)\n") + "<|im_end|>\n",
}


@pytest.mark.parametrize("name", GOOD)
def test_every_format_makes_the_same_edit(name: str) -> None:
    assert apply(GOOD[name]) == WANTED


def test_the_files_own_bytes_win_outside_of_the_change() -> None:
    text = FILE.replace("\n", "\r\n").replace("twice", "“twice”")
    reply = block('        # "twice" as much\n        y = 2 * x\n', '        # "twice" as much\n        y = 3\n')
    assert apply(reply, text) == text.replace("y = 2 * x", "y = 3")


def test_evidence_says_how_a_place_was_recognised() -> None:
    assert evidence(GOOD["a block"]) == (Match.EXACT, ())
    assert evidence(GOOD["a block at another indentation"])[0] is Match.REINDENTED
    match, said = evidence(GOOD["a slip in a line shown for context"])
    assert match is Match.FUZZY
    assert said == ("line 11 reads “# twice as much”, quoted as “# twise as much”",)


REFUSED = {
    "two places": (block("return y\n", "return z\n"), "return y\nx\nreturn y\n", Reason.AMBIGUOUS),
    "drift": (block("    y := 99\n", "    y := 100\n"), "func a() {\n    y := 2\n}\n", Reason.NOT_FOUND),
    "nothing like it": (block("    return 77\n    log()\n", "pass\n"), FILE, Reason.NOT_FOUND),
    "cut off": (block("        y = 2 * x\n", "        y = 3")[:-17], FILE, Reason.TRUNCATED),
    "another file": (block("y = 2 * x\n", "y = 3\n", "src/b.py"), FILE, Reason.OTHER_FILE),
    "prose": ("I am sorry, but I cannot help with that.", FILE, Reason.NO_EDIT),
    "empty": ("  \n<|im_end|>", FILE, Reason.EMPTY),
    "deletes": ("*** Begin Patch\n*** Delete File: src/a.py\n*** End Patch", FILE, Reason.DELETES_FILE),
    "a class without its other method": (
        "```python\nclass Foo:\n    def second(self, x):\n        return 3 * x\n```",
        FILE,
        Reason.LOSES_DEFINITION,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_certain_is_refused(name: str) -> None:
    reply, text, reason = REFUSED[name]
    refused = apply(reply, text)
    assert isinstance(refused, Refusal), refused
    assert refused.reason is reason
    assert refused.reason.value in refused.sentence


def test_conflict_marks_inside_the_file_do_not_confuse_blocks() -> None:
    text = "a\n<<<<<<< HEAD\nb = 1\n=======\nb = 2\n>>>>>>> topic\nc\n"
    reply = (
        "<<<<<<< SEARCH\n<<<<<<< HEAD\nb = 1\n=======\nb = 2\n>>>>>>> topic\n=======\nb = 2\n>>>>>>> REPLACE\n"
    )
    assert apply(reply, text) == "a\nb = 2\nc\n"


def test_a_second_block_is_found_before_the_first_moves_it() -> None:
    reply = block("import os\n", "import os\nimport re\nimport sys\n") + block("    y = 2\n", "    y = 4\n")
    wanted = FILE.replace("import os\n", "import os\nimport re\nimport sys\n").replace(
        "    y = 2\n", "    y = 4\n"
    )
    assert apply(reply) == wanted


def test_replacement_text_is_never_expanded() -> None:
    assert apply(block("import os\n", r"import $& \1 \g<0>" + "\n")) == FILE.replace(
        "import os", r"import $& \1 \g<0>"
    )


def test_a_fence_inside_markdown_does_not_end_the_file() -> None:
    text = "# Title\n\nSee:\n\n```sh\nmake\n```\n\nEnd.\n"
    assert apply(
        f"```markdown\n{text.replace('make', 'make test')}```", text, name="a.md", language="markdown"
    ) == (text.replace("make", "make test"))


def test_an_older_base_is_rebased_or_refused() -> None:
    base = document()
    proposal = FORMATS["search_replace"].parse(GOOD["a block"])[0]
    moved = document("# new\n" + FILE)
    applied = locate_and_merge(moved, proposal, base=base)
    assert isinstance(applied, Applied)
    assert changed_text(moved.text, applied) == "# new\n" + WANTED
    touched = document(FILE.replace("y = 2 * x", "y = 5 * x"))
    refused = locate_and_merge(touched, proposal, base=base)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.STALE


def test_hunks_are_known_as_they_close() -> None:
    for name, reply in (
        ("search_replace", GOOD["a block"]),
        ("unified_diff", GOOD["a diff with wrong numbers"]),
        ("v4a", GOOD["a V4A patch"]),
    ):
        read = FORMATS[name].closed_hunks
        reply += "\n"
        sizes = [len(read(reply[:size])) for size in range(len(reply) + 1)]
        assert sizes[0] == 0
        assert sizes[-1] == 1
        assert sizes == sorted(sizes), "a hunk that was closed stays so"


UNCERTAIN = {
    "a line left out beside an insertion": (
        block("    apple = 1\n    pear = 1\n", "    apple = 1\n    new = 1\n    pear = 1\n"),
        "a = 1\n    apple = 1\n    c = call(a, b)\n    pear = 1\n",
        Reason.AMBIGUOUS,
    ),
    "an insertion that can be read above or below the line left out": (
        block("    })\n\nfunc b() {\n", "    })\n\n    run(c)\n    })\n\nfunc b() {\n"),
        "func a() {\n    run(b)\n    })\n}\n\nfunc b() {\n    return\n}\n",
        Reason.AMBIGUOUS,
    ),
    "an insertion that would cut a function in two": (
        block("    mode = auto\n", "    mode = auto\n\nfunc b() {\n    return\n}\n"),
        "func a() {\n    mode = auto\n}\n",
        Reason.AMBIGUOUS,
    ),
    "a twin that differs in one word": (
        block(
            "    if not isinstance(s, SyncStream):\n        raise Error(1)\n\n    s.close()\n",
            "    if not isinstance(s, SyncStream):\n        raise Error(2)\n\n    s.close()\n",
        ),
        "class SyncStream: ...\n\n\nasync def f(s):\n    if not isinstance(s, AsyncStream):\n"
        "        raise Error(1)\n\n    s.close()\n",
        Reason.NOT_FOUND,
    ),
    "a block that changes nothing": (block("    y = 2\n", "    y = 2\n"), FILE, Reason.NO_CHANGE),
}


@pytest.mark.parametrize("name", UNCERTAIN)
def test_where_the_file_does_not_say_where_nothing_is_changed(name: str) -> None:
    reply, text, reason = UNCERTAIN[name]
    refused = apply(reply, text)
    assert isinstance(refused, Refusal), refused
    assert refused.reason is reason


def test_a_bracket_is_only_the_one_that_is_indented_as_the_lines_around_it() -> None:
    text = "t(() => {\n  a(() => {\n    b()\n  })\n})\n\nt(() => {\n  c()\n})\n"
    reply = block("    b()\n})\n", "    b()\n    more()\n})\n")
    refused = apply(reply, text)
    assert isinstance(refused, Refusal)
    assert apply(block("    b()\n  })\n})\n", "    b()\n    more()\n  })\n})\n"), text) == text.replace(
        "    b()\n", "    b()\n    more()\n"
    )


def test_new_lines_are_written_as_the_reply_has_them() -> None:
    text = 'log("a")\nrun()\n'
    reply = block("log(“a”)\n", "log(“a”)\n    \nsay(“b … c”) # request{method=…}\n")
    assert apply(reply, text) == 'log("a")\n    \nsay("b … c") # request{method=…}\nrun()\n'


MOCHA = """var app = express();

describe('a', function () {
  it('says one', function (done) {
    var app = create();
    request(app).expect(1, done);
  });

  it('says two', function (done) {
    var app = create();
    request(app).expect(2, done);
  });
});
"""


def test_tests_of_a_runner_are_told_apart_by_their_names() -> None:
    reply = (
        "```js\n// ... existing code ...\ndescribe('a', function () {\n  // ... existing code ...\n"
        "  it('says two', function (done) {\n    var app = create();\n    app.on();\n"
        "    request(app).expect(2, done);\n  });\n});\n```"
    )
    wanted = MOCHA.replace("    request(app).expect(2", "    app.on();\n    request(app).expect(2")
    assert apply(reply, MOCHA, name="a.js", language="javascript") == wanted


def test_a_definition_shown_deeper_moves_there_with_its_block() -> None:
    text = "import typing as t\n\n\ndef first():\n    return 1\n\n\ndef second():\n    return 2\n"
    sketch = (
        "import typing as t\n\nif t.TYPE_CHECKING:\n\n    def first():\n        return 1\n\n\n# ... rest ...\n"
    )
    assert apply(f"```python\n{sketch}```", text) == (
        "import typing as t\n\nif t.TYPE_CHECKING:\n\n    def first():\n        return 1\n\n\n"
        "def second():\n    return 2\n"
    )


def test_a_refused_sketch_names_the_places_of_its_parts() -> None:
    sketch = (
        "# ... existing code ...\n    def second(self, x):\n        # ... existing code ...\n        log(x)\n"
        "        # ... existing code ...\n        return y\n\n# ... existing code ...\n"
    )
    refused = apply(f"```python\n{sketch}```")
    assert isinstance(refused, Refusal)
    assert refused.candidates
    assert any(9 <= c.line <= 12 for c in refused.candidates), refused.sentence


LEFT_OUT = "func a() {\n    run(b)\n    stop(b)\n}\n\nfunc c() {\n    return\n}\n"


def test_depth_says_on_which_side_of_a_line_left_out_new_lines_go() -> None:
    reply = block("    stop(b)\n\nfunc c() {\n", "    stop(b)\n    more(b)\n\nfunc c() {\n")
    assert apply(reply, LEFT_OUT) == LEFT_OUT.replace("    stop(b)\n", "    stop(b)\n    more(b)\n")
    reply = block("    stop(b)\n\nfunc c() {\n", "    stop(b)\n\nfunc d() {\n    call()\n}\n\nfunc c() {\n")
    assert apply(reply, LEFT_OUT) == LEFT_OUT.replace("func c", "func d() {\n    call()\n}\n\nfunc c")


def test_two_changes_stay_apart_where_the_reply_leaves_out_the_line_between_them() -> None:
    text = "first_value = 1\n# why\nsecond_value = 2\nthird = 3\n"
    reply = block(
        "first_value = 1\nsecond_value = 2\nthird = 3\n", "first_value = 10\nsecond_value = 20\nthird = 3\n"
    )
    assert apply(reply, text) == "first_value = 10\n# why\nsecond_value = 20\nthird = 3\n"


def test_a_slip_in_a_line_that_the_block_holds_twice_is_forgiven() -> None:
    text = "def f(a):\n    if a:\n        return False\n    log_it(a)\n    return False\n"
    reply = block(
        "    if a:\n        return Fallse\n    log_it(a)\n    return False\n",
        "    if a:\n        return Fallse\n    log_it(a, 1)\n    return False\n",
    )
    assert apply(reply, text) == text.replace("log_it(a)", "log_it(a, 1)")
