"""Tests of legaltune.corpus.readers.gii."""

from __future__ import annotations

from datetime import date

import pytest

from legaltune.corpus.document import DocumentError, DropReason, Norm, RawDocument, Statute
from legaltune.corpus.readers import read_document

HEAD = """<norm doknr="BJNR1"><metadaten><jurabk>MustG 2004</jurabk><amtabk>MustG</amtabk>
<ausfertigung-datum manuell="ja">2004-07-03</ausfertigung-datum><kurzue>Mustergesetz</kurzue>
<langue>Gesetz über<BR/>Muster</langue>
<standangabe><standtyp>Neuf</standtyp><standkommentar>Neugefasst 2010</standkommentar></standangabe>
<standangabe><standtyp>Stand</standtyp><standkommentar>Geändert 2024</standkommentar></standangabe></metadaten>
<textdaten><text><Content><P>Vorspruch</P></Content></text></textdaten></norm>"""


def unit(number: str, label: str, title: str = "") -> str:
    return (
        f"<norm><metadaten><gliederungseinheit><gliederungskennzahl>{number}</gliederungskennzahl>"
        f"<gliederungsbez>{label}</gliederungsbez><gliederungstitel>{title}</gliederungstitel>"
        "</gliederungseinheit></metadaten><textdaten><text><Content><P/></Content></text></textdaten></norm>"
    )


def norm(content: str, label: str = "§ 1", title: str = "", after: str = "") -> str:
    return (
        f"<norm><metadaten><jurabk>MustG</jurabk><enbez>{label}</enbez><titel>{title}</titel></metadaten>"
        f"<textdaten><text><Content>{content}</Content></text>{after}</textdaten></norm>"
    )


def statute(*norms: str, head: str = HEAD, doknr: str = 'doknr="BJNR1"') -> Statute:
    content = f'<?xml version="1.0" encoding="UTF-8"?><dokumente {doknr}>{head}{"".join(norms)}</dokumente>'
    document = read_document(RawDocument("x.xml", content.encode()))
    assert isinstance(document, Statute)
    return document


def only(content: str, **parts: str) -> Norm:
    (found,) = statute(norm(content, **parts)).norms
    return found


def paragraphs(content: str) -> tuple[str, ...]:
    return only(content).paragraphs


def test_statute() -> None:
    assert statute(norm("<P>(1) Eins.</P><P>(2) Zwei.</P>", title="Zweck<BR/>des Gesetzes")) == Statute(
        document_id="BJNR1",
        source="gii-norm",
        abbreviations=("MustG 2004", "MustG"),
        title="Gesetz über Muster",
        date=date(2004, 7, 3),
        norms=(Norm("§ 1", "Zweck des Gesetzes", ("(1) Eins.", "(2) Zwei.")),),
        status="Geändert 2024",
    )


def test_one_abbreviation_is_not_listed_twice() -> None:
    head = "<norm><metadaten><jurabk>GG</jurabk><amtabk>GG</amtabk></metadaten></norm>"
    found = statute(norm("<P>Text</P>", label="Art 1"), head=head)
    assert found.abbreviations == ("GG",)
    assert (found.title, found.date, found.status) == ("GG", None, None)
    assert found.norms == (Norm("Art 1", None, ("Text",)),)


def test_only_the_first_abbreviation_is_required() -> None:
    head = "<norm><metadaten><jurabk>ZPO</jurabk></metadaten></norm>"
    assert statute(norm("<P>T</P>"), head=head).abbreviations == ("ZPO",)


def test_short_title_stands_in_for_a_missing_long_one() -> None:
    head = "<norm><metadaten><jurabk>X</jurabk><kurzue>X-Gesetz</kurzue></metadaten></norm>"
    assert statute(norm("<P>T</P>"), head=head).title == "X-Gesetz"


def test_number_of_the_document_may_stand_on_its_first_norm() -> None:
    assert statute(norm("<P>T</P>"), doknr="").document_id == "BJNR1"


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        ("<dokumente/>", DropReason.EMPTY_STATUTE, "no norm"),
        (f"<dokumente doknr='B'>{HEAD}</dokumente>", DropReason.EMPTY_STATUTE, "MustG 2004: no norm with text"),
        (f"<dokumente doknr='B'>{HEAD}{norm('<P/>')}</dokumente>", DropReason.EMPTY_STATUTE, "no norm with text"),
        (f"<dokumente>{norm('<P>T</P>')}</dokumente>", DropReason.MISSING_FIELD, "doknr"),
        ("<dokumente doknr='B'><norm><metadaten/></norm></dokumente>", DropReason.MISSING_FIELD, "jurabk"),
    ],
)
def test_drops(content: str, reason: DropReason, detail: str) -> None:
    with pytest.raises(DocumentError, match=detail) as caught:
        read_document(RawDocument("x", content.encode()))
    assert caught.value.reason is reason


def test_path_of_divisions() -> None:
    found = statute(
        norm("<P>0</P>", label="Präambel"),
        unit("010", "Buch 1", "Allgemeines"),
        norm("<P>1</P>"),
        unit("010010", "Abschnitt 1", "Personen"),
        unit("010010010", "Titel 1"),
        norm("<P>2</P>"),
        unit("010020", "Abschnitt 2", "Sachen"),
        norm("<P>3</P>"),
        unit("020", "Buch 2", "Besonderes"),
        norm("<P>4</P>"),
        unit("030", "", "Ohne Nummer"),
        norm("<P>5</P>"),
        norm("<P>6</P>", label="Anlage 1 (zu § 3)"),
    )
    assert [n.division for n in found.norms] == [
        (),
        ("Buch 1 Allgemeines",),
        ("Buch 1 Allgemeines", "Abschnitt 1 Personen", "Titel 1"),
        ("Buch 1 Allgemeines", "Abschnitt 2 Sachen"),
        ("Buch 2 Besonderes",),
        ("Ohne Nummer",),
        (),
    ]


def test_norm_that_opens_a_division_belongs_to_it() -> None:
    both = norm("<P>T</P>").replace(
        "<metadaten>",
        "<metadaten><gliederungseinheit><gliederungskennzahl>010</gliederungskennzahl>"
        "<gliederungsbez>Teil 1</gliederungsbez></gliederungseinheit>",
    )
    assert statute(both).norms[0].division == ("Teil 1",)


def test_lists() -> None:
    content = """<P>(1) Verboten ist, <DL><DT>1.</DT><DD><LA>wer <DL><DT>a)</DT><DD><LA>stiehlt</LA></DD>
    <DT>b)</DT><DD><LA>raubt</LA><LA>oder</LA></DD></DL> und</LA></DD>
    <DT/><DD><LA>ohne Nummer</LA></DD></DL>bestraft.</P>"""
    assert paragraphs(content) == ("(1) Verboten ist,\n1. wer\na) stiehlt\nb) raubt oder\nund\nohne Nummer\nbestraft.",)


def test_tables() -> None:
    content = """<P>Faktoren:</P><table><Title>Tabelle 1</Title><tgroup cols="3"><colspec/>
    <thead><row><entry>Alter</entry><entry>Mann</entry><entry>Frau</entry></row></thead>
    <tbody><row><entry/><entry/><entry/></row>
    <row><entry>26<BR/>bis 30</entry><entry/><entry><DL><DT>1.</DT><DD><LA>elf</LA></DD></DL></entry></row>
    <row><entry><table><tgroup><tbody><row><entry>innen</entry></row></tbody></tgroup></table></entry></row>
    </tbody></tgroup></table>"""
    assert paragraphs(content) == ("Faktoren:", "Tabelle 1\nAlter | Mann | Frau\n26 bis 30 | | 1. elf\ninnen")


def test_table_in_a_paragraph_stands_on_lines_of_its_own() -> None:
    content = "<P>vor<table><tgroup><tbody><row><entry>a</entry><entry>b</entry></row></tbody></tgroup></table>nach</P>"
    assert paragraphs(content) == ("vor\na | b\nnach",)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<P>eins<BR/>zwei</P>", "eins\nzwei"),
        ("<P>ein\n  langer\u00a0Satz</P>", "ein langer Satz"),
        ('<P>(1) <SUP class="Rec">1</SUP>Erster. <SUP class="Rec">2</SUP>Zweiter.</P>', "(1) Erster. Zweiter."),
        ("<P>30 m<SUP>2</SUP> und CO<SUB>2</SUB>, 10<SUP>-3</SUP></P>", "30 m² und CO₂, 10⁻³"),
        (
            "<P><B>fett</B> <I>schräg</I> <SP>gesperrt</SP> <F>•</F> <NB>2016/679</NB></P>",
            "fett schräg gesperrt • 2016/679",
        ),
        (
            "<P>im Sinne<FnR ID='a'/> des<noindex>Hinweis</noindex> Gesetzes<kommentar typ='Hinweis'>K</kommentar></P>",
            "im Sinne des Gesetzes",
        ),
        ("<P>Formel: <IMG SRC='a.jpg' alt='a geteilt durch b'/>.</P>", "Formel: a geteilt durch b."),
        ("<P>Bild <IMG SRC='a.jpg'/><FILE SRC='a.pdf' title='PDF'/>Ende</P>", "Bild Ende"),
        ("<P>ein <QuoteL/>Zitat<QuoteR/></P>", "ein „Zitat“"),
        ("<P><pre xml:space='preserve'>vor<BR/>formatiert</pre></P>", "vor\nformatiert"),
        ("<Title>Teil I<BR/>Muster</Title>", "Teil I\nMuster"),
        ("<Revision><P>geändert</P></Revision>", "geändert"),
    ],
)
def test_inline_elements(content: str, expected: str) -> None:
    assert paragraphs(content) == (expected,)


def test_footnotes_and_editors_notes() -> None:
    found = only(
        "<P>Text<FnR ID='a'/></P>",
        after="<fussnoten><Content><P>(+++ § 1: Zur Anwendung vgl. § 9 +++)</P>"
        "<P><pre>(+++ a<BR/>b +++)</pre>Vereinbar</P></Content></fussnoten>",
    )
    assert found.paragraphs == ("Text",)
    assert found.footnotes == ("Vereinbar",)
    with_note = norm("<P>T</P>").replace(
        "</text>", "<Footnotes><Footnote ID='a'><B>Hinweis:</B><BR/>Umsetzung.</Footnote></Footnotes></text>"
    )
    assert statute(with_note).norms[0].footnotes == ("Hinweis: Umsetzung.",)


@pytest.mark.parametrize(
    "text", ["", "-", "—", "(weggefallen)", "(aufgehoben)", "weggefallen", "(Weggefallen)", "(gegenstandslos)."]
)
def test_repealed_norms_are_left_out(text: str) -> None:
    found = statute(norm(f"<P>{text}</P>", label="§ 1", title="(weggefallen)"), norm("<P>gilt</P>", label="§ 2"))
    assert [n.label for n in found.norms] == ["§ 2"]


def test_repealed_paragraph_of_a_norm_stays() -> None:
    assert paragraphs("<P>(1) gilt</P><P>(weggefallen)</P>") == ("(1) gilt", "(weggefallen)")


@pytest.mark.parametrize("label", ["Inhaltsübersicht", "Inhaltsverzeichnis"])
def test_tables_of_contents_are_left_out(label: str) -> None:
    assert [n.label for n in statute(norm("<P>§ 1 Zweck</P>", label=label), norm("<P>T</P>")).norms] == ["§ 1"]


def test_contents_element_is_left_out() -> None:
    toc = norm("<P>T</P>", label="Anhang").replace("<Content>", "<TOC>").replace("</Content>", "</TOC>")
    assert [n.label for n in statute(toc, norm("<TOC><P>x</P></TOC><P>T</P>")).norms] == ["§ 1"]
    assert paragraphs("<TOC><P>x</P></TOC><P>T</P>") == ("T",)


def test_wrong_encoding_and_malformed_xml_name_themselves() -> None:
    for content, reason in [
        ("<dokumente>ä</dokumente>".encode("latin-1"), DropReason.WRONG_ENCODING),
        (b"<dokumente><norm></dokumente>", DropReason.MALFORMED_XML),
    ]:
        with pytest.raises(DocumentError) as caught:
            read_document(RawDocument("x", content))
        assert caught.value.reason is reason


def test_words_that_a_line_break_cuts_in_a_cell_or_title() -> None:
    cells = "<entry>Haushalts-<BR/>mitglied</entry><entry>Renten-<BR/>und Beiträge</entry>"
    table = f"<table><Title>Muster-<BR/>tafel</Title><tgroup><tbody><row>{cells}</row></tbody></tgroup></table>"
    assert paragraphs(table) == ("Mustertafel\nHaushaltsmitglied | Renten- und Beiträge",)


def test_rule_and_mark_of_a_footnote_without_text_are_dropped() -> None:
    assert paragraphs("<P>(1) Muster gelten.<BR/>-----<BR/>*)</P>") == ("(1) Muster gelten.",)
    assert paragraphs("<P>Name: ______<BR/>Ort: ____</P>") == ("Name: ______\nOrt: ____",)


def test_law_quoted_in_a_note_over_several_paragraphs_is_kept() -> None:
    note = "<P>(+++ Hinweis: die Artikel lauten</P><P>Art. 9 Muster gelten. +++)</P>"
    found = only("<P>(1) Text.</P>", after=f"<fussnoten><Content>{note}</Content></fussnoten>")
    assert found.footnotes == ("Hinweis: die Artikel lauten", "Art. 9 Muster gelten.")
