"""`lernpfad serve` takes key=value words and refuses everything else in one line."""

import asyncio
import re
import socket
from pathlib import Path

import pytest

from lernpfad.core import ConfigError
from lernpfad.serve.settings import HELP, ServeSettings, _listen, main, parse


def test_the_defaults_are_safe() -> None:
    assert parse(["bundle=runs/b"]) == ServeSettings(bundle=Path("runs/b"))
    assert ServeSettings(bundle=Path("b")).host == "127.0.0.1"
    assert ServeSettings(bundle=Path("b")).trust == ()
    assert (ServeSettings(bundle=Path("b")).store, ServeSettings(bundle=Path("b")).auth) == ("", "key")


def test_every_setting() -> None:
    words = ["bundle=/a=b", "host=0.0.0.0", "port=0", "threads=2", "max_body=2048", "trust=mine,yours", "log=warning"]
    words += ["store=l.db", "auth=none", "rate=7"]
    assert parse(words) == ServeSettings(
        bundle=Path("/a=b"),
        host="0.0.0.0",
        port=0,
        threads=2,
        max_body=2048,
        trust=("mine", "yours"),
        log="warning",
        store="l.db",
        auth="none",
        rate=7,
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["host=0.0.0.0"], "needs API keys, which are kept in a store; add store=learners.db"),
        (["host=::", "store=l.db", "auth=none"], "auth=none is for loopback alone, and host=:: is open to the network"),
    ],
)
def test_an_open_address_needs_keys(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        main(["bundle=nowhere", *words])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "serve needs a bundle: lernpfad serve bundle=FOLDER"),
        (["bundel=x"], "no serve setting named 'bundel'; did you mean 'bundle'?"),
        (["bundle=x", "prt=1"], "no serve setting named 'prt'; did you mean 'port'?"),
        (["bundle=x", "reload"], "takes key=value words, got 'reload'"),
        (["bundle=x", "bundle=y"], "'bundle' is given twice"),
        (["bundle=x", "port=http"], "port=http: expected a whole number from 0 to 65535"),
        (["bundle=x", "port=-1"], "expected a whole number"),
        (["bundle=x", "port=70000"], "from 0 to 65535"),
        (["bundle=x", "port=" + "9" * 5000], "from 0 to 65535"),
        (["bundle=x", "port=²"], "from 0 to 65535"),
        (["bundle=x", "threads=0"], "from 1 to 256"),
        (["bundle=x", "rate=0"], "rate=0: expected a whole number from 1 to 1000000"),
        (["bundle=x", "auth=nobody"], "no kind of auth named 'nobody'; there are: key, none"),
        (["bundle=x", "log=loud"], "no log level named 'loud'; there are: critical, debug, error"),
    ],
)
def test_a_wrong_word_is_one_line(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(words)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_names_every_setting(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([word])
    shown = capsys.readouterr().out
    assert shown == HELP
    for name, default in vars(ServeSettings(bundle=Path("b"))).items():
        assert f"\n  {name}=" in shown
        if isinstance(default, str | int):
            assert f"{name}={default}" in shown


def test_answers_on_a_kept_connection_wait_for_no_acknowledgement() -> None:
    """Nagle's algorithm would hold the body back until the client has acknowledged the head, 40 ms later."""

    async def undelayed() -> int:
        found: asyncio.Queue[int] = asyncio.Queue()

        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            wire = writer.get_extra_info("socket")
            await found.put(wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = _listen("127.0.0.1", 0)
        async with await asyncio.start_server(accepted, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            answer = await asyncio.wait_for(found.get(), 10)
            writer.close()
        return answer

    assert asyncio.run(undelayed()) != 0
