from __future__ import annotations

from pathlib import Path

import pytest

from legaltune.errors import DataError
from legaltune.fetch.contents import Contents, read_contents
from legaltune.fetch.options import SOURCES

HOST = "www.rechtsprechung.example"
DECISION = f"""<item>
 <gericht>BGH 9. Zivilsenat</gericht>
 <entsch-datum>20260114</entsch-datum>
 <aktenzeichen>IX ZB 1/26 &amp; andere</aktenzeichen>
 <link>http://{HOST}/docs/jb-KORE100000001.zip</link>
 <modified>2026-02-03T04:05:06.007Z</modified>
</item>"""


def read(folder: Path, text: str, *, source: str = "rii") -> Contents:
    path = folder / "toc.xml"
    path.write_text(text, encoding="utf-8")
    return read_contents(path, SOURCES[source], f"https://{HOST}/toc.xml")


def test_a_decision(tmp_path: Path) -> None:
    contents = read(tmp_path, f"<?xml version='1.0'?><!-- generator --><items>{DECISION}</items>")
    (entry,) = contents.entries
    assert entry.url == f"https://{HOST}/docs/jb-KORE100000001.zip"
    assert (entry.path, entry.name, entry.court) == ("bgh/jb-KORE100000001.zip", "jb-KORE100000001.zip", "bgh")
    assert (entry.decided, entry.modified) == ("20260114", "2026-02-03T04:05:06.007Z")


def test_a_statute_is_named_after_its_folder(tmp_path: Path) -> None:
    dtd = f'<!DOCTYPE items SYSTEM "http://{HOST}/no-such.dtd">'
    text = f"{dtd}<items><item><title>Gesetz</title><link>http://{HOST}/arbzg/xml.zip</link></item></items>"
    (entry,) = read(tmp_path, text, source="gii").entries
    assert (entry.path, entry.court, entry.modified) == ("arbzg.zip", None, None)


@pytest.mark.parametrize("court", ["", "<gericht/>", "<gericht>../../etc</gericht>", "<gericht>GmS-OGB</gericht>"])
def test_a_court_without_a_short_name_goes_to_other(tmp_path: Path, court: str) -> None:
    text = f"<items><item>{court}<link>http://{HOST}/jb-1.zip</link></item></items>"
    assert read(tmp_path, text).entries[0].path == "other/jb-1.zip"


def test_items_are_entries_or_refused_with_a_reason(tmp_path: Path) -> None:
    links = [
        f"http://{HOST}/jb-1.zip",
        f"http://{HOST}/JB-1.zip",
        "http://elsewhere.example/jb-2.zip",
        f"http://{HOST}/../jb-3.zip",
        f"http://{HOST}/jb-4.exe",
        "",
    ]
    items = "".join(f"<item><link>{link}</link></item>" for link in links)
    contents = read(tmp_path, f"<items>{items}<item/></items>")
    assert contents.num_items == 7
    assert [entry.name for entry in contents.entries] == ["jb-1.zip"]
    assert [reason for _, reason in contents.refused] == [
        "its file name is listed already",
        "another host than the table of contents",
        "its path is no safe file name",
        "no zip",
        "no link",
        "no link",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"<items>{DECISION}{DECISION[:200]}", "malformed"),
        ("<html><body><p>Wartungsarbeiten</p></body></html>", "lists nothing"),
        ("<html><br></html>", "malformed"),
        ("", "malformed"),
        ("<items></items>", "lists nothing"),
        (f'<!DOCTYPE items [<!ENTITY a "aaaa">]><items>{DECISION}</items>', "entities"),
        (f'<!DOCTYPE items [<!ENTITY x SYSTEM "file:///etc/passwd">]><items>{DECISION}</items>', "entities"),
    ],
)
def test_what_is_no_table_of_contents_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, text)


@pytest.mark.corpus
def test_the_real_tables(real_corpus: Path) -> None:
    for source, path, num_items in (
        ("rii", "rii_xml/rii-toc-excerpt.xml", None),
        ("gii", "statutes_gii/gii-toc.xml", 2),
    ):
        contents = read_contents(real_corpus / path, SOURCES[source], SOURCES[source].toc_url)
        assert contents.entries
        assert not contents.refused
        assert num_items in {None, len(contents.entries)}
        assert all((entry.modified is None) == (source == "gii") for entry in contents.entries)
