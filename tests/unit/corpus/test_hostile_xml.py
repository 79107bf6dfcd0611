"""Documents that mean harm, through the readers: no file, no network, no memory, no time is theirs."""

from __future__ import annotations

import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from legaltune.corpus.document import Decision, Document, DocumentError, DropReason, RawDocument, Statute
from legaltune.corpus.readers import read_document

SECRET = "NUR FUER DIESEN RECHNER"


class Listener:
    """A server on loopback that counts who calls."""

    def __init__(self) -> None:
        self.calls = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self._is_open = True
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/x"

    def _listen(self) -> None:
        while self._is_open:
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            self.calls += 1
            connection.close()

    def close(self) -> None:
        self._is_open = False
        self._thread.join()
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener()
    yield server
    server.close()


def rii(*, prolog: str = "", text: str = "Unbegründet.") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<dokument><doknr>KORE000000001</doknr><gertyp>BGH</gertyp>'
        f"<entsch-datum>20200131</entsch-datum><doktyp>Urteil</doktyp><aktenzeichen>I ZR 1/20</aktenzeichen>"
        f"<tenor><p>{text}</p></tenor><gruende><p>{text}</p></gruende></dokument>"
    ).encode()


def gii(*, prolog: str = "", text: str = "Es gilt.") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<dokumente doknr="BJNR000000001"><norm><metadaten><jurabk>MustG'
        f"</jurabk></metadaten></norm><norm><metadaten><jurabk>MustG</jurabk><enbez>§ 1</enbez></metadaten><textdaten>"
        f'<text format="XML"><Content><P>{text}</P></Content></text></textdaten></norm></dokumente>'
    ).encode()


def page(*, prolog: str = "", text: str = "Unbegründet.") -> bytes:
    return (
        f"{prolog}<html><body><h1>BGH, Urteil vom 31.01.2020 - I ZR 1/20</h1><h2>Tenor</h2><p>{text}</p>"
        f"<h2>Gründe</h2><p>{text}</p></body></html>"
    ).encode()


class Make(Protocol):
    """A format: a document with a text in it."""

    def __call__(self, *, prolog: str = "", text: str = "") -> bytes: ...


FORMATS: list[Make] = [rii, gii, page]


def read(content: bytes) -> Document | DropReason:
    try:
        return read_document(RawDocument("hostile.xml", content))
    except DocumentError as error:
        return error.reason


def text_of(found: Document | DropReason) -> str:
    match found:
        case Decision():
            return "\n".join(p.text for section in found.sections.values() for p in section)
        case Statute():
            return "\n".join(norm.text for norm in found.norms)
        case _:
            return ""


@pytest.mark.parametrize("make", FORMATS)
def test_the_undamaged_documents_are_read(make: Make) -> None:
    assert "Dies ist der tragende Grund." in text_of(read(make(text="Dies ist der tragende Grund.")))


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("kind", ["general", "parameter", "dtd"])
@pytest.mark.parametrize("scheme", ["file", "http"])
def test_nothing_from_outside_is_loaded(make: Make, kind: str, scheme: str, tmp_path: Path, listener: Listener) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    url = secret.as_uri() if scheme == "file" else listener.address
    prolog = {
        "general": f'<!DOCTYPE dokument [<!ENTITY e SYSTEM "{url}">]>',
        "parameter": f'<!DOCTYPE dokument [<!ENTITY % p SYSTEM "{url}"> %p; <!ENTITY e "x">]>',
        "dtd": f'<!DOCTYPE dokument SYSTEM "{url}">',
    }[kind]
    found = read(make(prolog=prolog, text="Davor. &e; Danach."))
    assert SECRET not in text_of(found)
    time.sleep(0.02)
    assert listener.calls == 0


def laughs(levels: int, width: int) -> str:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * width}">' for n in range(1, levels))
    return f'<!DOCTYPE dokument [<!ENTITY e0 "haha">{entities}<!ENTITY e "&e{levels - 1};">]>'


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("prolog", [laughs(30, 10), f'<!DOCTYPE a [<!ENTITY e "{"x" * 50_000}">]>', laughs(2, 5000)])
def test_entity_bombs_cost_nothing(make: Make, prolog: str) -> None:
    content = make(prolog=prolog, text="&e;" * 3000)
    tracemalloc.start()
    started = time.process_time()
    found = read(content)
    seconds = time.process_time() - started
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(text_of(found)) < 2 * len(content)
    assert seconds < 2
    assert peak < 20_000_000


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize(
    "text",
    [
        "<p>" * 20_000,
        "<div>" * 3000 + "x" + "</div>" * 3000,
        f'<p class="{"x" * 3_000_000}">x</p>',
        "<p " + " ".join(f'a{n}="1"' for n in range(10_000)) + ">x</p>",
        f"<{'x' * 200_000}/>",
        "<!-- " + "-" * 200_000,
        "<![CDATA[" + "]" * 200_000,
        "&" * 100_000,
        "&#" + "9" * 100_000 + ";",
        "\0" * 1000,
        "<?" + "x" * 200_000,
    ],
    ids=lambda text: text[:9].replace("\0", "0"),
)
def test_monstrous_markup_takes_no_longer_than_it_should(make: Make, text: str) -> None:
    started = time.process_time()
    found = read(make(text=text))
    assert time.process_time() - started < 2
    assert found is not DropReason.READER_FAILED
