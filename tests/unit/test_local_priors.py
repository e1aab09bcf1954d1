"""The priors of the embedded predictor: what is counted, what is kept, and where it speaks."""

from __future__ import annotations

import pytest

from ai_lsp.completion.local import priors
from ai_lsp.completion.local.engine import Engine
from ai_lsp.completion.local.lexing import END_SAME, Vocabulary, tokens
from eval.fit_priors import count, pack

SHARED = ["if err != nil {", "return err", "defer f.Close()"]


def made(*texts: list[str]) -> tuple[priors.Prior, Vocabulary]:
    """The prior of several repositories, one text each, through its bytes, with the vocabulary it is tied to."""
    corpus = [(number, [tokens(line) for line in text]) for number, text in enumerate(texts)]
    vocabulary = Vocabulary()
    prior = priors.read(pack(*count(corpus, least=3)))
    assert list(prior.binding(vocabulary))
    return prior, vocabulary


def following(prior: priors.Prior, vocabulary: Vocabulary, text: str) -> dict[str, float]:
    found, _, _ = prior.following([END_SAME, *vocabulary.add_all(tokens(text))])
    return {vocabulary.text[t]: p for t, p in found.items()}


def test_knows_what_several_repositories_write() -> None:
    prior, vocabulary = made(SHARED, SHARED, [*SHARED, "if ok {"])
    assert following(prior, vocabulary, "if err !=")[" nil"] > 0.9
    assert following(prior, vocabulary, "return err")[vocabulary.text[END_SAME]] > 0.9
    started = following(prior, vocabulary, "if")
    assert started[" err"] > 0.6
    assert " ok" not in started


def test_keeps_nothing_that_one_repository_alone_wrote() -> None:
    secret = "launch(teapot)"
    prior, vocabulary = made([*SHARED, secret, secret], SHARED, SHARED)
    assert not {"launch", "teapot"} & set(prior.words)
    assert following(prior, vocabulary, "launch") == {}


def test_a_line_tells_nothing_of_the_next() -> None:
    prior, vocabulary = made(SHARED, SHARED, SHARED)
    found, order, _ = prior.following([*vocabulary.add_all(tokens("return err")), END_SAME])
    assert order == 1
    assert set(found) == set(vocabulary.add_all(["if", "return", "defer"]))


def test_words_that_begin_so_come_by_how_common_they_are() -> None:
    often = ["return result", "return result", "resume()"]
    prior, vocabulary = made(often, often, often)
    assert [vocabulary.text[t] for t, _ in prior.beginning("re")] == ["return", "resume"]


def ways(language: str, *, reads: bool) -> list[str]:
    """What may follow `if err != n` where nothing else is open."""
    line = "if err != n"
    engine = Engine()
    engine.opened("u", None, language, line + "\n")
    if reads:
        list(engine.reading("u"))
    asked = engine.question("u", 0, len(line))
    assert asked is not None
    return [way.text for way in asked.ways()]


def test_an_empty_workspace_has_the_habits_of_the_language() -> None:
    assert any(way.startswith("il {") for way in ways("go", reads=True))


@pytest.mark.parametrize(("language", "reads"), [("go", False), ("no such language", True)])
def test_without_a_prior_nothing_is_known(language: str, reads: bool) -> None:
    assert ways(language, reads=reads) == []
