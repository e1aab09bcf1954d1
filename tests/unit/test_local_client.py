"""The embedded predictor as the server uses it: a real worker process, real files, real kills."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from ai_lsp.completion.local.client import LocalPredictor
from ai_lsp.text.edit import LineEdit

SOURCE = """\
def describe_customer(customer):
    heading = customer.full_name.strip().title()
    total = customer.outstanding_balance + customer.pending_charges
    return f"{heading} owes {total}"


def describe_supplier(supplier):
    heading = supplier.full_name.strip().title()
    return heading
"""


def write_workspace(root: Path) -> None:
    (root / "shop").mkdir(parents=True)
    for number in range(4):
        (root / "shop" / f"part{number}.py").write_text(SOURCE.replace("describe", f"describe{number}"))


async def until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        await asyncio.sleep(0.01)


def worker_pid(predictor: LocalPredictor) -> int:
    process = predictor._worker.process
    assert process is not None
    return process.pid


@pytest_asyncio.fixture
async def predictor(tmp_path: Path) -> AsyncIterator[LocalPredictor]:
    texts: dict[str, str] = {}
    made = LocalPredictor(tmp_path / "cache", texts.get)
    made.texts = texts  # type: ignore[attr-defined]
    yield made
    await made.aclose()


async def ready(predictor: LocalPredictor, files: int) -> None:
    await until(lambda: predictor.status.state == "ready" and predictor.status.files == files)


async def ask(predictor: LocalPredictor, uri: str, text: str) -> str | None:
    lines = text.split("\n")
    found = await predictor.predict(uri, len(lines) - 1, len(lines[-1]), min_confidence=0.3, timeout_s=5)
    return found.text if found else None


async def test_knows_the_workspace(predictor: LocalPredictor, tmp_path: Path) -> None:
    write_workspace(tmp_path / "work")
    await predictor.start([str(tmp_path / "work")])
    await ready(predictor, 4)
    text = "def other(customer):\n    heading = customer.full_na"
    predictor.opened("file:///a.py", None, "python", text)
    assert (await ask(predictor, "file:///a.py", text) or "").startswith("me.")


async def test_sees_a_change_sent_just_before(predictor: LocalPredictor, tmp_path: Path) -> None:
    await predictor.start([])
    await until(lambda: predictor.status.state == "ready")
    predictor.opened("u", None, "python", "result = compute_everything(first_item, second_item)\n")
    predictor.changed("u", [LineEdit(1, 0, 1, 0, "result = compute_ev")])
    found = await predictor.predict("u", 1, 19, min_confidence=0.3, timeout_s=5)
    assert found is not None
    assert found.text.startswith("erything")


async def test_a_killed_worker_comes_back_and_knows_what_is_open(
    predictor: LocalPredictor, tmp_path: Path
) -> None:
    await predictor.start([])
    await until(lambda: predictor.status.state == "ready")
    text = "result = compute_everything(first_item, second_item)\nresult = compute_ev"
    predictor.texts["u"] = text  # type: ignore[attr-defined]
    predictor.opened("u", None, "python", text)
    assert await ask(predictor, "u", text) is not None
    pid = worker_pid(predictor)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: predictor._worker.process is not None and predictor._worker.process.pid != pid)
    await until(lambda: predictor.status.state == "ready")
    assert (await ask(predictor, "u", text) or "").startswith("erything")


async def test_a_prediction_in_flight_when_the_worker_dies_is_answered(predictor: LocalPredictor) -> None:
    await predictor.start([])
    await until(lambda: predictor.status.state == "ready")
    os.kill(worker_pid(predictor), signal.SIGSTOP)
    waiting = asyncio.create_task(predictor.predict("u", 0, 0, min_confidence=0.5, timeout_s=30))
    await asyncio.sleep(0.05)
    os.kill(worker_pid(predictor), signal.SIGKILL)
    assert await asyncio.wait_for(waiting, 5) is None


async def test_an_older_question_that_still_waits_is_skipped(predictor: LocalPredictor) -> None:
    await predictor.start([])
    await until(lambda: predictor.status.state == "ready")
    text = "result = compute_everything(first_item, second_item)\nresult = compute_ev"
    predictor.opened("u", None, "python", text)
    os.kill(worker_pid(predictor), signal.SIGSTOP)
    asked = [
        asyncio.create_task(predictor.predict("u", 1, 19, min_confidence=0.3, timeout_s=5)) for _ in range(5)
    ]
    await asyncio.sleep(0.05)
    os.kill(worker_pid(predictor), signal.SIGCONT)
    answers = await asyncio.gather(*asked)
    assert answers[:4] == [None] * 4
    assert answers[4] is not None


async def test_a_worker_that_hangs_costs_only_the_time_limit(predictor: LocalPredictor) -> None:
    await predictor.start([])
    await until(lambda: predictor.status.state == "ready")
    os.kill(worker_pid(predictor), signal.SIGSTOP)
    began = time.monotonic()
    assert await predictor.predict("u", 0, 0, min_confidence=0.5, timeout_s=0.05) is None
    assert time.monotonic() - began < 1
    os.kill(worker_pid(predictor), signal.SIGCONT)


async def test_an_unwritable_cache_means_an_index_in_memory(tmp_path: Path) -> None:
    write_workspace(tmp_path / "work")
    (tmp_path / "file").write_text("")
    predictor = LocalPredictor(tmp_path / "file" / "cache")  # a file stands where the folder should be
    await predictor.start([str(tmp_path / "work")])
    try:
        await ready(predictor, 4)
        text = "heading = customer.full_na"
        predictor.opened("u", None, "python", text)
        assert await ask(predictor, "u", text) is not None
    finally:
        await predictor.aclose()


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "header", "other version"])
async def test_a_damaged_cache_is_built_anew(tmp_path: Path, damage: str) -> None:
    write_workspace(tmp_path / "work")
    for turn in range(2):
        predictor = LocalPredictor(tmp_path / "cache")
        await predictor.start([str(tmp_path / "work")])
        try:
            await ready(predictor, 4)
            assert predictor.status.problem == ""
        finally:
            await predictor.aclose()
        if turn == 0:
            for shard in (tmp_path / "cache").rglob("*.shard"):
                data = shard.read_bytes()
                shard.write_bytes(
                    {
                        "cut": data[: len(data) // 2],
                        "garbage": bytes(reversed(data)),
                        "empty": b"",
                        "header": data[:30] + b"\xff" + data[31:],
                        "other version": b"ailspsh0" + data[8:],
                    }[damage]
                )


async def test_a_second_start_uses_the_cache(tmp_path: Path) -> None:
    write_workspace(tmp_path / "work")
    made: list[dict[str, int]] = []
    for _ in range(2):
        predictor = LocalPredictor(tmp_path / "cache")
        await predictor.start([str(tmp_path / "work")])
        await ready(predictor, 4)
        await predictor.aclose()
        made.append({p.name: p.stat().st_mtime_ns for p in (tmp_path / "cache").rglob("*.shard")})
    assert made[0]
    assert made[0] == made[1]


async def test_kills_while_indexing_leave_a_cache_that_works(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    for number in range(300):
        (work / f"f{number}.py").write_text(SOURCE.replace("describe", f"describe{number}") * 20)
    for pause in (0.0, 0.05, 0.1, 0.2, 0.3):
        predictor = LocalPredictor(tmp_path / "cache")
        await predictor.start([str(work)])
        await until(lambda p=predictor: p.status.state in ("indexing", "ready"))  # type: ignore[misc]
        await asyncio.sleep(pause)
        os.kill(worker_pid(predictor), signal.SIGKILL)
        await predictor.aclose()
    predictor = LocalPredictor(tmp_path / "cache")
    await predictor.start([str(work)])
    try:
        await ready(predictor, 300)
        assert predictor.status.problem == ""
        text = "heading = customer.full_na"
        predictor.opened("u", None, "python", text)
        assert await ask(predictor, "u", text) is not None
    finally:
        await predictor.aclose()


async def test_an_indexer_that_is_killed_is_started_again(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    for number in range(200):
        (work / f"f{number}.py").write_text(SOURCE.replace("describe", f"describe{number}") * 20)
    predictor = LocalPredictor(tmp_path / "cache")
    await predictor.start([str(work)])
    try:
        await until(lambda: predictor.status.state == "indexing")
        pid = worker_pid(predictor)
        children = Path(f"/proc/{pid}/task/{pid}/children")
        await until(lambda: children.read_text().strip() != "")
        os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
        await ready(predictor, 200)
        assert predictor.status.problem == ""
    finally:
        await predictor.aclose()


async def test_two_servers_on_one_workspace(tmp_path: Path) -> None:
    write_workspace(tmp_path / "work")
    both = [LocalPredictor(tmp_path / "cache") for _ in range(2)]
    await asyncio.gather(*(p.start([str(tmp_path / "work")]) for p in both))
    try:
        for p in both:
            await ready(p, 4)
            text = "heading = customer.full_na"
            p.opened("u", None, "python", text)
            assert await ask(p, "u", text) is not None
    finally:
        await asyncio.gather(*(p.aclose() for p in both))
    assert not list((tmp_path / "cache").rglob("*.part"))


async def test_changed_and_deleted_files(predictor: LocalPredictor, tmp_path: Path) -> None:
    work = tmp_path / "work"
    write_workspace(work)
    await predictor.start([str(work)])
    await ready(predictor, 4)
    new = work / "shop" / "new.py"
    new.write_text("telescope = observatory.borrow_telescope(night)\n")
    predictor.files_changed([(str(new), 1)])
    await ready(predictor, 5)
    text = "telescope = observatory.borr"
    predictor.opened("u", str(work / "mine.py"), "python", text)
    assert (await ask(predictor, "u", text) or "").startswith("ow_telescope")
    new.unlink()
    predictor.files_changed([(str(new), 3)])
    await ready(predictor, 4)
    assert await ask(predictor, "u", text) is None


async def test_ignored_and_secret_files_are_never_indexed(predictor: LocalPredictor, tmp_path: Path) -> None:
    work = tmp_path / "work"
    write_workspace(work)
    secret = "api_token = 'zebra_crossing_giraffe_mountain'\n"
    (work / ".gitignore").write_text("private/\n*.local.py\n")
    (work / ".aiignore").write_text("hidden.py\n")
    (work / ".cursorignore").write_text("cursed.py\n")
    (work / "private").mkdir()
    outside = tmp_path / "outside.py"
    outside.write_text(secret)
    (work / "link.py").symlink_to(outside)
    (work / "linked").symlink_to(tmp_path)
    names = ["private/a.py", "b.local.py", "hidden.py", "cursed.py", "id_rsa.py", "secrets.yml", ".env"]
    for name in names:
        (work / name).write_text(secret)
    await predictor.start([str(work)])
    await ready(predictor, 4)
    predictor.files_changed([(str(work / n), 2) for n in [*names, "link.py", "linked/outside.py"]])
    await asyncio.sleep(0.1)
    await ready(predictor, 4)
    text = "api_token = 'zebra_cr"
    predictor.opened("u", str(work / "mine.py"), "python", text)
    assert await ask(predictor, "u", text) is None
    stored = b"".join(p.read_bytes() for p in (tmp_path / "cache").rglob("*") if p.is_file())
    assert b"describe0_customer" in stored
    assert b"zebra" not in stored


async def test_a_key_inside_a_file_is_not_indexed(predictor: LocalPredictor, tmp_path: Path) -> None:
    work = tmp_path / "work"
    write_workspace(work)
    key = "AKIA" + "Q7RZ2M5XW4TL6VNB"
    (work / "deploy.py").write_text(f'region = "eu-west-1"\naccess_key = "{key}"\nbucket = "pictures"\n')
    await predictor.start([str(work)])
    await ready(predictor, 5)
    stored = b"".join(p.read_bytes() for p in (tmp_path / "cache").rglob("*.shard"))
    assert b"pictures" in stored
    assert key.encode() not in stored


async def test_a_folder_that_cannot_be_read(predictor: LocalPredictor, tmp_path: Path) -> None:
    work = tmp_path / "work"
    write_workspace(work)
    (work / "closed").mkdir()
    (work / "closed").chmod(0)
    await predictor.start([str(work), str(tmp_path / "absent")])
    await ready(predictor, 4)
    (work / "closed").chmod(stat.S_IRWXU)


async def test_questions_about_what_is_not_there(predictor: LocalPredictor) -> None:
    await predictor.start([])
    await until(lambda: predictor.status.state == "ready")
    predictor.opened("u", None, "", "a\n")
    for uri, line, col in [("absent", 0, 0), ("u", 99, 0), ("u", 0, 99), ("u", -1, -1)]:
        assert await predictor.predict(uri, line, col, min_confidence=0.0, timeout_s=5) is None
    predictor.changed("absent", [LineEdit(0, 0, 0, 0, "x")])
    predictor.changed("u", [LineEdit(50, 3, 70, 9, "\ud800 lone")])
    predictor.closed("absent")
    assert predictor._worker.process is not None
    assert predictor._worker.process.returncode is None


async def test_closing_leaves_no_process_behind(tmp_path: Path) -> None:
    predictor = LocalPredictor(tmp_path / "cache")
    await predictor.start([str(tmp_path)])
    await until(lambda: predictor.status.state == "ready")
    pid = worker_pid(predictor)
    await predictor.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert predictor.status.state == "off"
    assert await predictor.predict("u", 0, 0, min_confidence=0.5) is None
