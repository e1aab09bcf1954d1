"""The reviewer's process at its worst: it hangs, crashes, prints garbage, answers another question."""

from __future__ import annotations

import sys

import pytest

from ai_lsp.diagnostics.client import Reviewer, ReviewFailed
from ai_lsp.diagnostics.task import Task
from ai_lsp.diagnostics.wire import task_to_json

TASK = task_to_json(Task("shop.py", "python", "x = a.b - a.b\n"))


def faulty(program: str) -> Reviewer:
    return Reviewer((sys.executable, "-c", f"import sys, time\n{program}"))


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("time.sleep(30)", "took longer than"),
        ("sys.exit(3)", "ended before it answered"),
        ("print('no json', flush=True); time.sleep(30)", "failed"),
        ("print('[]', flush=True); time.sleep(30)", "answered something else"),
        ('print(\'{"id": 99, "done": true}\', flush=True); time.sleep(30)', "answered something else"),
        ("sys.stdout.write('x' * 1000); sys.stdout.flush(); time.sleep(30)", "took longer than"),
    ],
)
async def test_a_fault_is_a_sentence_within_the_limit(program: str, says: str) -> None:
    reviewer = faulty(program)
    with pytest.raises(ReviewFailed, match=says):
        await reviewer.text(TASK, limit_s=1.0)
    await reviewer.aclose()


async def test_the_next_question_is_answered_by_a_new_process() -> None:
    reviewer = Reviewer()
    with pytest.raises(ReviewFailed):
        await reviewer.text(TASK, limit_s=0.001)
    answer = await reviewer.text(TASK)
    assert [f["code"] for f in answer["findings"]] == ["same-operands"]
    await reviewer.aclose()


async def test_a_tree_without_end_does_not_end_the_reviewer() -> None:
    reviewer = Reviewer()
    deep = "(" * 3_000 + "1" + ")" * 3_000
    await reviewer.text({**TASK, "text": f"x = {deep}\n"})
    assert (await reviewer.text(TASK))["findings"]
    await reviewer.aclose()
