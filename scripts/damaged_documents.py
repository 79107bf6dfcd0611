"""Documents of every format, and what can be done to them: the material of fuzz_readers.py."""

from __future__ import annotations

import copy
import gzip
import io
import json
import random
import re
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from legaltune.corpus.document import DocumentError, RawDocument
from legaltune.corpus.readers import READERS
from legaltune.corpus.readers.content import inspect
from legaltune.corpus.sources import walk
from legaltune.corpus.synthetic import write_corpus

MAX_BASE_BYTES = 200_000  # longer documents are damaged no differently, only more slowly

Documents = dict[str, list[bytes]]


_BODY = (
    "<h2>Tenor</h2><p>Die Klage wird abgewiesen.</p><h2>Tatbestand</h2><p>Die Parteien streiten um einen Zaun.</p>"
    "<h2>Entscheidungsgründe</h2><p>Die zulässige Klage ist unbegründet (§ 823 Abs. 1 BGB).</p>"
)
_PARAGRAPH = '<dl class="RspDL"><dt><a name="rd_1">1</a></dt><dd><p>Die Rüge greift nicht durch.</p></dd></dl>'
_TEXT = "Tenor\nDie Klage wird abgewiesen.\nGründe\n1\nDie Klage ist unbegründet.\n2\nDie Kosten trägt der Kläger."
_CASE = {
    "id": 1,
    "slug": "vg-musterstadt-1",
    "court": {"name": "VG Musterstadt", "jurisdiction": "Verwaltungsgerichtsbarkeit", "state": 3},
    "file_number": "1 K 1/20",
    "date": "2020-01-31",
    "type": "Urteil",
    "ecli": "",
    "content": _BODY,
}
_PORTAL = {
    "_id": "XX-1",
    "_source": "DE/Musterland",
    "_type": "case_law",
    "title": "Streit um einen Zaun",
    "text": _TEXT,
    "date": "2024-02-29",
    "court": "VG Musterstadt 3. Kammer",
    "case_number": "3 K 12/23",
    "decision_type": "Beschluss",
    "norms": "§ 1 MustG, § 2 MustG",
}
_TITLE = "<h1>VG Musterstadt, Urteil v. 31.01.2020 – 1 K 1/20</h1>"
_JSON: tuple[Any, ...] = (
    _CASE,
    [{"model": "cases.case", "pk": 1, "fields": {**_CASE, "court": 1, "raw": f"<html><body>{_BODY}</body></html>"}}],
    {"reference": "1 K 1/20", "source": "openJur 2020, 1", "text": _BODY, "meta": {"Gericht": "VG Musterstadt"}},
    _PORTAL,
    {"Text": "VG Musterstadt\nUrteil vom 31.01.2020 - 1 K 1/20\n" + _TEXT, "Annotations": [{"Start": 0, "End": 9}]},
    {"messages": [{"role": "user", "content": "Was gilt?"}, {"role": "assistant", "content": "Das Gesetz gilt."}]},
    {"conversations": [{"from": "human", "value": "Was gilt?"}, {"from": "gpt", "value": "Das Gesetz gilt."}]},
    {"instruction": "Was gilt?", "input": "Ein Fall.", "output": "Das Gesetz gilt.", "group": "a"},
    {"prompt": "Was gilt?", "completion": "Das Gesetz gilt."},
)
_MARKUP: tuple[str, ...] = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<dokument><doknr>KORE000000001</doknr><ecli/><gertyp>BGH</gertyp>'
    "<spruchkoerper>6. Zivilsenat</spruchkoerper><entsch-datum>20200131</entsch-datum><aktenzeichen>VI ZR 1/20"
    "</aktenzeichen><doktyp>Urteil</doktyp><norm>§ 823 BGB</norm><vorinstanz>vorgehend OLG Muster, 1. Januar 2019, "
    f"1 U 1/19</vorinstanz><tenor><div>{_PARAGRAPH}</div></tenor><gruende><div>{_PARAGRAPH}</div></gruende></dokument>",
    '<?xml version="1.0" encoding="UTF-8"?>\n<dokumente doknr="BJNR000000001"><norm><metadaten><jurabk>MustG</jurabk>'
    "<langue>Mustergesetz</langue></metadaten></norm><norm><metadaten><jurabk>MustG</jurabk><enbez>§ 1</enbez>"
    '</metadaten><textdaten><text format="XML"><Content><P>(1) Muster gelten.</P><DL><DT>1.</DT><DD><LA>hier</LA></DD>'
    "</DL><table><tgroup cols='2'><tbody><row><entry>a</entry><entry>b</entry></row></tbody></tgroup></table></Content>"
    "</text></textdaten></norm></dokumente>",
    '<?xml version="1.0" encoding="ISO-8859-1"?>\n<byrecht-rspr doknr="Y-300-Z-B-1"><metadaten><gericht>VG Muster'
    "</gericht><entsch-datum>2020-01-31</entsch-datum><az>1 K 1/20</az><doktyp>Urteil</doktyp></metadaten><textdaten>"
    '<tenor><p>Die Klage wird abgewiesen.</p></tenor><gruende><p><rd nr="1"/>Unbegründet.</p></gruende></textdaten>'
    "</byrecht-rspr>",
    f'<!DOCTYPE html><html><body>{_TITLE}<div class="rubrum">1 K 1/20</div><div class="tenor"><p>Abgewiesen.</p></div>'
    '<h2>Gründe</h2><div class="rdn" data-rdn="1"><span class="rdn">1</span><p>Unbegründet.</p></div></body></html>',
    f'<html><body>{_TITLE}<div class="rsprboxueber">Titel:</div><div class="rsprboxzeile">Zaun</div>'
    '<h2 class="entsueber">Gründe</h2><div class="rdblock"><div class="rd">1</div>'
    '<div class="absatz">Unbegründet.</div></div></body></html>',
    f'<html><body>{_TITLE}<h2>Tenor</h2><p>Abgewiesen.</p><h2>Gründe</h2><dl class="content__dl"><dt>1</dt>'
    '<dd id="rd-1"><p>Unbegründet.</p></dd></dl></body></html>',
    f'<html><body>{_TITLE}<h2>Tenor</h2><p>Abgewiesen.</p><h2>Gründe</h2><ol class="m-decisions__list">'
    '<li data-rd="1"><p>Unbegründet.</p></li></ol></body></html>',
    f'<html><body>{_TITLE}<div class="c-decision__rubrum"><p>BUNDESVERFASSUNGSGERICHT - 1 BvR 1/20 -</p></div>'
    '<div class="c-decision__tenor"><p>Abgelehnt.</p></div><div class="c-decision__reasons"><p>G r ü n d e :</p>'
    '<p class="is-anchor" id="1"></p><p>Unzulässig.</p></div></body></html>',
    f"<html><head><title>VG Musterstadt, 1 K 1/20</title></head><body>{_TITLE}{_BODY}</body></html>",
)


def base_documents(corpus: Path | None, *, num_generated: int = 60) -> Documents:
    """Undamaged documents by the name of the reader that takes them: real, generated and minimal ones."""
    contents = [text.encode() for text in _MARKUP]
    contents += [json.dumps(value, ensure_ascii=False).encode() for value in _JSON]
    with tempfile.TemporaryDirectory() as folder:
        write_corpus(Path(folder), num_decisions=num_generated, seed=0)
        for inputs in [[Path(folder)], [corpus] if corpus else []]:
            documents = (item for item in walk(inputs) if isinstance(item, RawDocument))
            contents += [document.content for document in documents if 0 < len(document.content) <= MAX_BASE_BYTES]
    by_reader: Documents = defaultdict(list)
    for content in contents:
        by_reader[_reader_of(content)].append(content)
    return dict(sorted(by_reader.items()))


def _reader_of(raw: bytes) -> str:
    try:
        content = inspect(raw)
    except DocumentError:
        return "none"
    return next((reader.name for reader in READERS if reader.sniff(content)), "none")


_ENTITIES = (
    b"&nonsense;",
    b"&#0;",
    b"&#xD800;",
    b"&#x110000;",
    b"&#99999999999999999999;",
    b"&",
    b"&amp",
    b"&a;",
    b"&h;",
)
_PROLOGS = (
    b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY h "&b;&b;&b;&b;&b;&b;&b;">]>',
    b"<!DOCTYPE a [" + b"".join(b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10) for n in range(9)) + b"]>",
    b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
    b'<!DOCTYPE a [<!ENTITY a SYSTEM "http://127.0.0.1:9/a">]>',
    b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
    b'<!DOCTYPE a [<!ENTITY % a SYSTEM "http://127.0.0.1:9/a"> %a;]>',
    b"<!DOCTYPE a [" + b"<!ELEMENT a ANY>" * 2000 + b"]>",
    b"<!-- " + b"-" * 5000,
    b"<!--" * 5000,
    b"<?a " * 5000,
    b"<![CDATA[" * 3,
)
_ENCODINGS = (
    *("utf-8", "utf-16", "utf-16-le", "utf-32", "utf-7", "iso-8859-1", "windows-1252", "ascii", "cp037", "shift_jis"),
    *("x-unknown", "idna", "rot13", "zlib", "hex", "unicode_escape", "undefined", "mbcs"),
)
_MARKS = (
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xff\xfe\x00\x00",
    b"\x00\x00\xfe\xff",
    b"\xef\xbb\xbf\xef\xbb\xbf",
)
_RUNS = (
    *(
        b" ",
        b"\n",
        b"\t\n",
        "\xa0".encode(),
        "\xad".encode(),
        "\u0301\u0316".encode(),
        b"0",
        b"a",
        b"A",
        b".",
        b"-",
        b"_",
        b"(",
        b"[",
        b"<",
        b">",
    ),
    *(b"&lt;", b'"', b"\\", b"<br/>", b"<p>", b"</p>", b"<p/>", b"<div>", b"<b><i>", b"<td>", b"<table><tr><td>"),
    *(b"1\n", b"1. ", b"a) ", b"(1) ", b"I. ", b"G r ", b"- 1 -\n", b"<442>", b"&lt;442&gt;", b"...", b"A. ", b"XXX "),
    *(
        "§ 1 ".encode(),
        "§§ 1, ".encode(),
        b"Art. 1 ",
        b"Abs. 1 ",
        b"Nr. 1 ",
        b"i.V.m. ",
        b"ff. ",
        b"BGHZ 1, 1; ",
        b"Rn. 1, ",
    ),
    *(
        b"Urteil vom 1. Januar 2020 ",
        b"- VI ZR 1/20 - ",
        b"Tenor\n",
        "Gründe\n".encode(),
        b"Wort ",
        b"Wort-\n",
        b"(...) ",
    ),
    *(b"{", b'{"a":', b'[{"a": 1},', b"[", b"\\u0000", b"\\ud800", b"\x00", b"\x1b[31m", b"\xff", b"\xc3", b"1e9"),
)
_PAIRS = (
    *((b"<div>", b"</div>"), (b"<p><b>", b"</b></p>"), (b"<DL><DD>", b"</DD></DL>"), (b"[", b"]"), (b'{"a":', b"}")),
    (b"<table><tr><td>", b"</td></tr></table>"),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, 10**400, float("nan"), "", " ", "\x00", "\ud800", "x", "31.02.2020", "9999-99-99"),
    *([], {}, [None], [[]], [{}], {"a": {}}, {"name": None}, ["a", 1, None], "a" * 100_000, "<p>" * 3000, "[" * 3000),
    *({"role": None, "content": []}, {"name": {"name": []}}, [{"role": "user", "content": 1}], "@nested@"),
)
_ANY_TAG = re.compile(rb"</?[A-Za-z][^<>]{0,200}>")
_TEXT_NODE = re.compile(rb'(?<=>)[^<>]{2,}(?=<)|(?<=\\n)[^"\\]{2,}(?=\\n|")|(?<=")[^"\\<>]{2,}(?=")')
_DECLARATION = re.compile(rb"""(encoding\s*=\s*["'])[\w.:-]+|(charset=["']?)[\w.:-]+""")
_NUMBER = re.compile(rb"\d+")


def _at(rng: random.Random, content: bytes) -> int:
    return rng.randint(0, len(content))


def _span(rng: random.Random, content: bytes) -> tuple[int, int]:
    start = _at(rng, content)
    return start, min(len(content), start + int(rng.expovariate(1 / 300)))


def _insert(content: bytes, at: int, inserted: bytes) -> bytes:
    return content[:at] + inserted + content[at:]


def flip_bits(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    """Turn single bits over."""
    raw = bytearray(content)
    for _ in range(rng.randint(1, 20) if raw else 0):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return bytes(raw)


def truncate(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    """Cut the end off, or the beginning."""
    at = _at(rng, content)
    return content[:at] if rng.random() < 0.8 else content[at:]


def repeat_piece(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    """Repeat a piece, up to hundreds of times."""
    start, end = _span(rng, content)
    return content[:end] + content[start:end] * rng.choice((1, 2, 300)) + content[end:]


def remove_piece(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    """Leave a piece out."""
    start, end = _span(rng, content)
    return content[:start] + content[end:]


def swap_pieces(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    """Exchange two neighbouring pieces."""
    first, second, third = sorted(_at(rng, content) for _ in range(3))
    return content[:first] + content[second:third] + content[first:second] + content[third:]


def splice(rng: random.Random, content: bytes, other: bytes) -> bytes:
    """Go on with another document."""
    return content[: _at(rng, content)] + other[_at(rng, other) :]


def damage_tags(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    """Remove, repeat, move, cut or rename tags."""
    for _ in range(rng.randint(1, 6)):
        tag = _ANY_TAG.search(content, _at(rng, content)) or _ANY_TAG.search(content)
        if tag is None:
            return flip_bits(rng, content, b"")
        changed = rng.choice(
            (b"", tag[0] * 2, tag[0][:-1], tag[0][1:], b"</p>", b"<dl>", b"<DD>", tag[0].upper(), b"<a b>")
        )
        content = content[: tag.start()] + changed + content[tag.end() :]
        if rng.random() < 0.3:
            content = _insert(content, _at(rng, content), tag[0])
    return content


def insert_entities(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    """Refer to entities, after declaring some of them."""
    for _ in range(rng.randint(1, 3)):
        at = content.find(b">", _at(rng, content)) + 1
        content = _insert(content, at, rng.choice(_ENTITIES))
    if rng.random() < 0.6:
        content = _insert(content, content.find(b"?>") + 2 if content.startswith(b"<?xml") else 0, rng.choice(_PROLOGS))
    return content


def nest(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    """Put elements or brackets into one another."""
    opening, closing = rng.choice(_PAIRS)
    depth = rng.choice((10, 100, 300, 2000, 20_000))
    start, end = _span(rng, content)
    start = content.find(b">", start) + 1
    return content[:start] + opening * depth + content[start:end] + closing * rng.choice((depth, 0)) + content[end:]


def redeclare_encoding(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    """Declare another encoding, or use another one than declared."""
    encoding = rng.choice(_ENCODINGS)
    if rng.random() < 0.4:
        try:
            return content.decode("utf-8", "replace").encode(encoding, "ignore")
        except (LookupError, UnicodeError):
            pass
    declared, count = _DECLARATION.subn(lambda match: (match[1] or match[2]) + encoding.encode(), content, count=1)
    return declared if count else b'<?xml version="1.0" encoding="' + encoding.encode() + b'"?>' + content


def insert_mark(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    """Begin with a byte-order mark."""
    return rng.choice(_MARKS) + content


def _run(rng: random.Random) -> bytes:
    run = b"".join(rng.choice(_RUNS) for _ in range(rng.choice((1, 1, 1, 2, 3))))
    return run * (rng.choice((1, 30, 200, 3000, 60_000, 200_000)) // len(run) + 1)


def replace_text(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    """Put a run in the place of a text, or at its end, and leave the markup as it is."""
    found = [*_TEXT_NODE.finditer(content)]
    if not found:
        return insert_run(rng, content, b"")
    node = rng.choice((rng.choice(found), found[-1]))
    kept = node[0] if rng.random() < 0.4 else b""
    return content[: node.start()] + kept + _run(rng) + content[node.end() :]


def insert_run(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    """Insert many of the same, often near the end: what makes a pattern or a loop take far too long."""
    repeated = _run(rng)
    at = rng.randint(max(0, len(content) - 400), len(content)) if rng.random() < 0.4 else _at(rng, content)
    if rng.random() < 0.5:
        at = content.find(b">", at) + 1
    return _insert(content, at, repeated)


def enlarge(rng: random.Random, content: bytes, _other: bytes) -> bytes:
    """Make an attribute, a name or a number huge, or the attributes many."""
    size = rng.choice((30, 5000, 400_000))
    number, tag = _NUMBER.search(content, _at(rng, content)), _ANY_TAG.search(content, _at(rng, content))
    if number and rng.random() < 0.5:
        return content[: number.start()] + rng.choice((b"9", b"0", b"-")) * size + content[number.end() :]
    if tag:
        attributes = b"".join(b' a%d="1"' % n for n in range(size // 40))
        one = rng.choice((b' class="%s"', b" x%s", b' name="rd_%s"')) % (b"9" * size)
        return _insert(content, tag.end() - 1, rng.choice((one, one, attributes)))
    return content + b"9" * size


def confuse_json(rng: random.Random, content: bytes, other: bytes) -> bytes:
    """Replace, remove or move values of a JSON document."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return splice(rng, content, other)
    for _ in range(rng.randint(1, 3)):
        node = _random_container(rng, value)
        if not node:
            break
        key = rng.choice([*node]) if isinstance(node, dict) else rng.randrange(len(node))
        if rng.random() < 0.2:
            del node[key]
        else:
            node[key] = copy.deepcopy(rng.choice(_VALUES))
    depth = rng.choice((50, 900, 100_000))
    return json.dumps(value).encode().replace(b'"@nested@"', b"[" * depth + b"]" * depth)


def _random_container(rng: random.Random, value: Any) -> Any:
    """A list or an object somewhere in a value, more often near its root."""
    while True:
        below = [
            child for child in (value.values() if isinstance(value, dict) else value) if isinstance(child, dict | list)
        ]
        if not below or rng.random() < 0.5:
            return value if isinstance(value, dict | list) else None
        value = rng.choice(below)


Damage = Callable[[random.Random, bytes, bytes], bytes]
DAMAGES: tuple[Damage, ...] = (
    *(flip_bits, truncate, repeat_piece, remove_piece, swap_pieces, splice, damage_tags, insert_entities, nest),
    *(redeclare_encoding, insert_mark, insert_run, replace_text, enlarge, confuse_json),
)


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _tar(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def pack(rng: random.Random, damaged: bytes, other: bytes) -> tuple[str, bytes]:
    """Name and bytes of an archive or of a collection of records with two documents."""
    names = rng.sample(("a.xml", "b.json", "../c.xml", "d" * 120 + ".xml", "e/f.html", ".g.xml", "h\\i.xml"), 2)
    members = dict(zip(names, (damaged, other), strict=True))
    kind = rng.choice(("zip", "tar", "tar.gz", "gz", "jsonl", "jsonl.gz", "json", "zip in zip", "zip in tar"))
    match kind:
        case "zip" | "zip in zip":
            packed = _zip(members)
        case "json":
            packed = b"[" + damaged + b"," + other + b"]"
        case "gz":
            packed = damaged
        case "jsonl" | "jsonl.gz":
            packed = damaged.replace(b"\n", b" ") + b"\n\n" + other.replace(b"\n", b" ") + b"\n"
        case _:
            packed = _tar({"x.zip": _zip(members)} if kind == "zip in tar" else members)
    packed = _zip({"x.zip": packed}) if kind == "zip in zip" else packed
    return f"document.{kind.split()[-1]}", gzip.compress(packed, mtime=0) if kind.endswith("gz") else packed


def damaged_file(documents: Documents, seed: int, number: int) -> tuple[str, str, bytes]:
    """The file that a seed and a number stand for: how it was made, its name, its bytes."""
    rng = random.Random(f"{seed}:{number}")
    reader, other_reader = rng.choice([*documents]), rng.choice([*documents])
    content, other = rng.choice(documents[reader]), rng.choice(documents[other_reader])
    steps = [reader]
    for damage in rng.choices(DAMAGES, k=rng.choice((1, 1, 1, 2, 3))):
        content = damage(rng, content, other)
        steps.append(damage.__name__)
    name = "document" + rng.choice((".xml", ".json", ".html", ".jsonl", ""))
    if rng.random() < 0.25:
        name, content = pack(rng, content, other)
        steps.append(name.removeprefix("document."))
        if rng.random() < 0.6:
            damage = rng.choice((flip_bits, truncate, repeat_piece, remove_piece, swap_pieces))
            content = damage(rng, content, other)
            steps.append(damage.__name__)
    return " + ".join(steps), name, content
