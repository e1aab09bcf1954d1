"""What the embedded predictor shows, on the smallest texts that show it."""

from __future__ import annotations

import pytest

from ai_lsp.completion.local.edits import LocalPrediction
from ai_lsp.completion.local.engine import Engine
from ai_lsp.text.edit import LineEdit


def predict(marked: str, least: float = 0.4, lines: int = 1, language: str = "python") -> LocalPrediction | None:
    """The prediction at ▮ with only this text open."""
    text, cursor = _read(marked)
    engine = Engine()
    engine.opened("u", None, language, text)
    before = text[:cursor].split("\n")
    return engine.predict("u", len(before) - 1, len(before[-1]), least, lines)


def _read(marked: str) -> tuple[str, int]:
    at = marked.index("▮")
    return marked.replace("▮", ""), at


REPEATED = """\
def load_settings(path):
    settings = parse_settings_file(path)
    settings.update(environment_settings())
    return settings

def load_defaults(path):
    settings = parse_settings_file(path)
    settings.update(environment_settings())
    return settings

def load_again(path):
    settings = parse_se▮
"""


def test_finishes_a_line_that_stands_above() -> None:
    found = predict(REPEATED)
    assert found is not None
    assert found.text.startswith("ttings_file(path")
    assert 0.4 <= found.confidence <= 1
    assert found.lines == 1
    assert "above" in found.why


ROUTINE = """\
func (s *Store) Begin(name string) error {
\ts.mutex.Lock()
\tdefer s.mutex.Unlock()
\treturn s.run(name)
}
"""


def test_goes_on_for_several_lines_when_asked_and_sure() -> None:
    text = "".join(ROUTINE.replace("Begin", name) for name in ("Begin", "Commit", "Close", "Open", "Find"))
    marked = text + "func (s *Store) Abort(name string) error {\n\ts.mutex.L▮"
    one, several = predict(marked, language="go"), predict(marked, language="go", lines=4)
    assert one is not None
    assert several is not None
    assert one.text == "ock()"
    assert several.text.split("\n")[:2] == ["ock()", "\tdefer s.mutex.Unlock()"]
    assert several.lines == several.text.count("\n") + 1
    assert several.confidence <= one.confidence


def test_is_silent_where_it_knows_nothing() -> None:
    assert predict("import this\nzyx▮") is None


def test_a_higher_threshold_shows_less() -> None:
    assert predict(REPEATED, least=0.9999) is None


@pytest.mark.parametrize("text", ["", "\n", "▮", "\t\n"])
def test_empty_texts(text: str) -> None:
    assert predict(text if "▮" in text else text + "▮") is None


def test_text_just_removed_comes_back() -> None:
    engine = Engine()
    engine.opened(
        "u", None, "go", "package main\n\nvar timeoutForTelescope = 30 * time.Second\n\nfunc main() {\n}\n"
    )
    engine.changed("u", [LineEdit(2, 0, 3, 0, "")])
    engine.changed("u", [LineEdit(4, 0, 4, 0, "\tvar timeoutForT")])
    found = engine.predict("u", 4, 16, 0.3)
    assert found is not None
    assert found.text.startswith("elescope")


def test_an_edited_document_stands_for_its_file_until_it_is_closed() -> None:
    import numpy as np

    from ai_lsp.completion.local.lexing import FileEncoder
    from ai_lsp.completion.local.shards import Shard, SourceFile, build

    encoder = FileEncoder()
    ids = encoder.encode("observatory = open_observatory(telescope)\n" * 2)
    engine = Engine()
    engine.mount(Shard(build([SourceFile("/w/a.py", 1, 1)], [np.asarray(ids)], encoder.words())))
    engine.opened("b", "/w/b.py", "python", "observatory = open_obs")
    assert engine.predict("b", 0, 22, 0.3) is not None
    engine.opened("a", "/w/a.py", "python", "")
    assert engine.predict("b", 0, 22, 0.3) is None
    engine.closed("a")
    assert engine.predict("b", 0, 22, 0.3) is not None
    engine.forget("/w/a.py")
    assert engine.predict("b", 0, 22, 0.3) is None


def test_languages_do_not_teach_each_other() -> None:
    engine = Engine()
    engine.opened("a", "/w/a.rb", "ruby", "observatory = open_observatory(telescope)\n" * 3)
    engine.opened("b", "/w/b.py", "python", "observatory = open_obs")
    assert engine.predict("b", 0, 22, 0.1) is None


def test_the_same_question_has_the_same_answer() -> None:
    assert predict(REPEATED) == predict(REPEATED)


def test_after_a_whole_line_the_next_ones_are_offered() -> None:
    """What follows a line in every place is shown at its end, before the user presses Enter."""
    body = "    data = read(path)\n    if not data:\n        raise Missing(path)\n    return data\n\n"
    text = "".join(f"def load_{name}(path):\n{body}" for name in ("stock", "taxes", "rates", "routes", "users"))
    text += "def load_offers(path):\n    data = read(path)"
    engine = Engine()
    engine.opened("file:///a.py", "/a.py", "python", text)
    lines = text.split("\n")
    found = engine.predict("file:///a.py", len(lines) - 1, len(lines[-1]), 0.3, max_lines=4)
    assert found is not None
    assert found.text.startswith("\n    if not data:")
    assert engine.predict("file:///a.py", len(lines) - 1, len(lines[-1]), 0.3, max_lines=1) is None
