"""Writes an invented corpus as the official sites deliver theirs, with the odd files that a pipeline must survive."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from xml.sax.saxutils import escape

from legaltune.corpus.synthetic.decision import duplicate_of, generate_decisions
from legaltune.corpus.synthetic.gii_xml import statute_xml
from legaltune.corpus.synthetic.model import Case, SyntheticStatute
from legaltune.corpus.synthetic.rii_xml import decision_xml, draw_style
from legaltune.corpus.synthetic.statutes import load_statutes

_ZIP_TIME = (2026, 1, 2, 3, 4, 5)
_HOST = "http://rechtsprechung.example"
_TRANSLITERATION = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"}
_ODDITY_PERIOD = 400
_PLAIN_XML_PERIOD = 40


class Oddity(StrEnum):
    """A file beside the good ones that a pipeline must survive."""

    DUPLICATE = "duplicate"
    TRUNCATED_ARCHIVE = "truncated_archive"
    MALFORMED_XML = "malformed_xml"
    EMPTY_FILE = "empty_file"


_ODDITIES = {
    7: Oddity.DUPLICATE,
    24: Oddity.TRUNCATED_ARCHIVE,
    61: Oddity.MALFORMED_XML,
    83: Oddity.EMPTY_FILE,
}


@dataclass(frozen=True, slots=True)
class SyntheticCorpus:
    """What `write_corpus` wrote.

    Attributes:
        num_decisions: Good decisions, each with a text of its own.
        num_statutes: Statutes.
        num_duplicates: Files that repeat the text of a decision under another document number.
        num_truncated_archives: Zip files cut off in the middle.
        num_malformed_files: Files with broken XML.
        num_empty_files: Files of zero bytes.
        num_ignored_files: Tables of contents.
        num_files: All files.
    """

    num_decisions: int
    num_statutes: int
    num_duplicates: int
    num_truncated_archives: int
    num_malformed_files: int
    num_empty_files: int
    num_ignored_files: int
    num_files: int


def write_corpus(output: Path, *, num_decisions: int, seed: int) -> SyntheticCorpus:
    """Write an invented corpus: `decisions/` and `statutes/`, each with its table of contents.

    The same arguments give the same bytes, and a larger corpus contains the smaller one's decisions unchanged.

    Args:
        output: Folder to write to; created where missing.
        num_decisions: Number of good decisions; about one odd file in a hundred comes on top.
        seed: Seed of all random draws.

    Raises:
        ValueError: `num_decisions` is negative.
    """
    if num_decisions < 0:
        raise ValueError(f"num_decisions {num_decisions} is negative: give 0 or more")
    decisions, statutes = output / "decisions", output / "statutes"
    decisions.mkdir(parents=True, exist_ok=True)
    odd: list[Oddity | None] = []
    contents: list[str] = []
    for case in itertools.islice(generate_decisions(seed), num_decisions):
        _write_decision(decisions, seed, case)
        odd.append(_write_oddity(decisions, seed, case))
        contents.append(_toc_item(case))
    (decisions / "rii-toc.xml").write_text(_decisions_toc(contents), encoding="utf-8")
    entries = load_statutes()
    for position, entry in enumerate(entries):
        _write_statute(statutes, entry, zipped=(seed + position) % 2 == 0)
    (statutes / "gii-toc.xml").write_text(_statutes_toc(entries), encoding="utf-8")
    return SyntheticCorpus(
        num_decisions=num_decisions,
        num_statutes=len(entries),
        num_duplicates=odd.count(Oddity.DUPLICATE),
        num_truncated_archives=odd.count(Oddity.TRUNCATED_ARCHIVE),
        num_malformed_files=odd.count(Oddity.MALFORMED_XML),
        num_empty_files=odd.count(Oddity.EMPTY_FILE),
        num_ignored_files=2,
        num_files=num_decisions + len(odd) - odd.count(None) + len(entries) + 2,
    )


def _write_decision(folder: Path, seed: int, case: Case) -> None:
    name = f"jb-{case.decision.document_id}"
    content = decision_xml(case, draw_style(seed, case))
    if case.index % _PLAIN_XML_PERIOD == 3:
        (folder / f"{name}.xml").write_bytes(content)
    else:
        (folder / f"{name}.zip").write_bytes(_zipped(f"{name}.xml", content))


def _write_oddity(folder: Path, seed: int, case: Case) -> Oddity | None:
    """The odd file that follows a decision, if one does; it is made from that decision."""
    oddity = _ODDITIES.get(case.index % _ODDITY_PERIOD)
    if oddity is None:
        return None
    copy = duplicate_of(case)
    name = f"jb-{copy.decision.document_id}"
    content = decision_xml(copy, draw_style(seed, case))
    archive = _zipped(f"{name}.xml", content)
    make: dict[Oddity, Callable[[], tuple[str, bytes]]] = {
        Oddity.DUPLICATE: lambda: (f"{name}.zip", archive),
        Oddity.TRUNCATED_ARCHIVE: lambda: (f"{name}.zip", archive[: len(archive) // 2]),
        Oddity.MALFORMED_XML: lambda: (f"{name}.xml", content.replace(b"</tenor>", b"</tenr>", 1)),
        Oddity.EMPTY_FILE: lambda: (f"{name}.xml", b""),
    }
    file_name, data = make[oddity]()
    (folder / file_name).write_bytes(data)
    return oddity


def _write_statute(folder: Path, entry: SyntheticStatute, *, zipped: bool) -> None:
    target = folder / statute_slug(entry)
    target.mkdir(parents=True, exist_ok=True)
    name = f"{entry.statute.document_id}.xml"
    content = statute_xml(entry)
    if zipped:
        (target / "xml.zip").write_bytes(_zipped(name, content))
    else:
        (target / name).write_bytes(content)


def statute_slug(entry: SyntheticStatute) -> str:
    """Folder of a statute: its jurabk in small letters, without umlauts and spaces."""
    slug = entry.statute.abbreviations[0].lower().replace(" ", "_")
    return slug.translate(_TRANSLITERATION)


def _zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo(name, date_time=_ZIP_TIME)
        archive.writestr(info, content, compress_type=zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _toc_item(case: Case) -> str:
    decision = case.decision
    return (
        f"<item>\n <gericht>{decision.court} {decision.chamber}</gericht>\n"
        f" <entsch-datum>{decision.date:%Y%m%d}</entsch-datum>\n"
        f" <aktenzeichen>{escape(', '.join(decision.file_numbers))}</aktenzeichen>\n"
        f" <link>{_HOST}/jportal/docs/bsjrs/jb-{decision.document_id}.zip</link>\n"
        f" <modified>2026-01-02T03:04:05.000Z</modified>\n</item>\n"
    )


def _decisions_toc(items: Iterable[str]) -> str:
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<items>\n{''.join(items)}</items>\n"


def _statutes_toc(entries: Iterable[SyntheticStatute]) -> str:
    items = "".join(
        f"<item>\n<title>{escape(entry.statute.title)}</title>\n"
        f"<link>{_HOST}/{statute_slug(entry)}/xml.zip</link>\n</item>\n"
        for entry in entries
    )
    return f'<?xml version="1.0" encoding="UTF-8" ?>\n<items>\n{items}</items>\n'
