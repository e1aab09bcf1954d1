"""HTTP/1.1 as models' servers speak it: any split of the bytes, and what is no HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lsp.models.http1 import MOST_BUFFERED, Http1
from ai_lsp.models.transport import ConnectTimeout, ProtocolError, TransportError

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def serving(*answers: Sequence[bytes]) -> AsyncIterator[tuple[Http1, list[bytes]]]:
    """A client of a server that gives one answer per request, piece by piece; an empty piece closes."""
    left, heard = list(answers), []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while left:
                head = await reader.readuntil(b"\r\n\r\n")
                size = next((int(x[15:]) for x in head.split(b"\r\n") if x.startswith(b"Content-Length:")), 0)
                heard.append(head + await reader.readexactly(size))
                for piece in left.pop(0):
                    if not piece:
                        return
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = Http1("127.0.0.1", port, f"127.0.0.1:{port}", 2.0)
    try:
        yield client, heard
    finally:
        await client.aclose()
        server.close()


async def ask(client: Http1, body: bytes = b"") -> bytes:
    response = await client.send("POST", "/x y", {"A": "b"}, body)
    assert response.status == 200
    out = b""
    while data := await response.read():
        out += data
    await response.aclose()
    return out


def chunked(pieces: Sequence[bytes]) -> bytes:
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(p), p) for p in pieces if p) + b"0\r\nTrailer: 1\r\n\r\n"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(1, 30), max_size=60))
def test_a_body_is_the_same_however_its_bytes_arrive(pieces: list[bytes], cuts: list[int]) -> None:
    async def go() -> None:
        for whole in (
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + CHUNKED + chunked(pieces),
            HEAD + b"Content-Length: %d\r\n\r\n" % len(b"".join(pieces)) + b"".join(pieces),
        ):
            split, at = [], 0
            for cut in cuts:
                split.append(whole[at : at + cut])
                at += cut
            split = [each for each in (*split, whole[at:]) if each]
            async with serving(split, [CHUNKED + chunked([b"next"])]) as (client, heard):
                assert await ask(client, b"sent") == b"".join(pieces)
                assert await ask(client) == b"next"
                assert len(client._all) == 1, "the connection is kept"
                assert heard[0].startswith(b"POST /x%20y HTTP/1.1\r\nHost: 127.0.0.1:")
                assert heard[0].endswith(b"A: b\r\nContent-Length: 4\r\n\r\nsent")

    asyncio.run(go())


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        HEAD + b"Content-Length: 5, 6\r\n\r\nhello",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"1\r\nab\r\n",
        HEAD + b"Content-Length: 9\r\n\r\nshort",
        b"x" * 70_000,
        CHUNKED + b"1" * 70_000,
        b"",
    ],
)
async def test_what_is_no_http_is_told_and_never_waited_for(answer: bytes) -> None:
    async with asyncio.timeout(2), serving([answer, b""]) as (client, _):
        with pytest.raises(ProtocolError):
            await ask(client)


async def test_an_answer_without_length_ends_with_its_connection() -> None:
    async with serving([HEAD + b"\r\nall ", b"of it", b""], [CHUNKED + chunked([b"2"])]) as (client, _):
        assert await ask(client) == b"all of it"
        assert await ask(client) == b"2"


async def test_a_kept_connection_that_was_closed_meanwhile_is_replaced_and_bytes_too_many_are_not_believed() -> (
    None
):
    body = CHUNKED + chunked([b"1"])
    async with serving([body], [b""], [body + b"HTTP/1.1 500 no"], [body]) as (client, heard):
        for _ in range(3):
            assert await ask(client) == b"1"
        assert len(heard) == 4


async def test_a_server_that_sends_faster_than_it_is_read_is_held_back() -> None:
    size = 20 * MOST_BUFFERED
    async with serving([HEAD + b"Content-Length: %d\r\n\r\n" % size, b"x" * size]) as (client, _):
        response = await client.send("GET", "/", {}, b"")
        await asyncio.sleep(0.1)
        (connection,) = client._all
        assert connection._size < 2 * MOST_BUFFERED
        total = 0
        while data := await response.read():
            total += len(data)
        assert total == size
        await response.aclose()


async def test_where_nothing_listens_it_says_so() -> None:
    with pytest.raises(TransportError) as caught:
        await Http1("127.0.0.1", 9, "x", 1.0).send("GET", "/", {}, b"")
    assert not isinstance(caught.value, ConnectTimeout)
    with pytest.raises(TransportError):
        await Http1("127.0.0.1", 9, "x", 1.0).send("GET", "/", {"A": "b\r\nC: d"}, b"")
