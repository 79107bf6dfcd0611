"""Tests of legaltune.corpus.readers.rii."""

from __future__ import annotations

import time
from datetime import date

import pytest

from legaltune.corpus.document import Decision, DocumentError, DropReason, Paragraph, RawDocument, SectionName
from legaltune.corpus.readers import read_document

FIELDS = {
    "doknr": "KORE000000001",
    "ecli": "ECLI:DE:BGH:2022:080222UVIZR1.20.0",
    "gertyp": "BGH",
    "gerort": "",
    "spruchkoerper": "6. Zivilsenat",
    "entsch-datum": "20220208",
    "aktenzeichen": "VI ZR 1/20",
    "doktyp": "Urteil",
    "norm": "§ 31 BGB, § 269 Abs 3 S 1 ZPO, WpHG",
    "vorinstanz": "vorgehend OLG Musterstadt, 1. März 2020, Az: 9 U 5/19, Urteil<br/>vorgehend LG Musterstadt<br/>\n ",
    "region": "<abk>DEU</abk><long>Bundesrepublik Deutschland</long>",
    "mitwirkung": "",
    "titelzeile": '<dl class="RspDL"><dt/><dd><p>Haftung\u00a0für Muster</p></dd></dl>',
    "leitsatz": "",
    "sonstosatz": "",
    "tenor": "<div><dl class='RspDL'><dt/><dd><p>Die Revision wird zurückgewiesen.</p></dd></dl></div>",
    "tatbestand": "",
    "entscheidungsgruende": "",
    "gruende": "<dl class='RspDL'><dt><a name='rd_1'>1</a></dt><dd><p>Die Revision ist unbegründet.</p></dd></dl>",
    "abwmeinung": "",
    "sonstlt": "",
    "identifier": "http://example.invalid/?a=1&amp;b=2",
    "coverage": "Deutschland",
    "language": "deutsch",
    "publisher": "BMJV",
    "accessRights": "public",
}


def document(omit: str = "", **fields: str) -> bytes:
    values = FIELDS | {name.replace("_", "-"): value for name, value in fields.items()}
    body = "".join(f"<{name}>{value}</{name}>\n" for name, value in values.items() if name != omit)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<dokument>{body}</dokument>'.encode()


def read(omit: str = "", **fields: str) -> Decision:
    decision = read_document(RawDocument("jb-KORE000000001.xml", document(omit, **fields)))
    assert isinstance(decision, Decision)
    return decision


def row(text: str, number: str = "") -> str:
    anchor = f'<a name="rd_{number}">{number}</a>' if number else ""
    return f'<dl class="RspDL"><dt>{anchor}</dt><dd>{text}</dd></dl>'


def gruende(*rows: str) -> tuple[Paragraph, ...]:
    return read(gruende=f"<div>{''.join(rows)}</div>").section(SectionName.GRUENDE)


def test_a_remark_in_the_tenor_is_the_reasons_of_an_order_without_any() -> None:
    tenor = "<p>Die Revision wird verworfen. Der Senat bemerkt ergänzend: Die Rüge ist unzulässig.</p>"
    decision = read(tenor=f"<div>{row(tenor)}</div>", tatbestand="", entscheidungsgruende="", gruende="")
    assert [p.text for p in decision.section(SectionName.TENOR)] == ["Die Revision wird verworfen."]
    assert [p.text for p in decision.grounds] == ["Der Senat bemerkt ergänzend: Die Rüge ist unzulässig."]


def test_fields() -> None:
    decision = read()
    assert decision == Decision(
        document_id="KORE000000001",
        source="rii-dok",
        court="BGH",
        chamber="6. Zivilsenat",
        decision_type="Urteil",
        date=date(2022, 2, 8),
        file_numbers=("VI ZR 1/20",),
        ecli="ECLI:DE:BGH:2022:080222UVIZR1.20.0",
        title="Haftung für Muster",
        norms=("§ 31 BGB", "§ 269 Abs 3 S 1 ZPO", "WpHG"),
        previous_instances=(
            "vorgehend OLG Musterstadt, 1. März 2020, Az: 9 U 5/19, Urteil",
            "vorgehend LG Musterstadt",
        ),
        sections={
            SectionName.TENOR: (Paragraph("Die Revision wird zurückgewiesen."),),
            SectionName.GRUENDE: (Paragraph("Die Revision ist unbegründet.", "1"),),
        },
    )


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - {"doknr", "gertyp", "doktyp"}))
def test_optional_elements_may_be_absent_or_empty(name: str) -> None:
    assert read(omit=name).document_id == read(**{name.replace("-", "_"): ""}).document_id == "KORE000000001"


@pytest.mark.parametrize("name", ["doknr", "gertyp", "doktyp"])
def test_required_elements(name: str) -> None:
    for content in (document(omit=name), document(**{name: " \n"})):
        with pytest.raises(DocumentError, match=name) as caught:
            read_document(RawDocument("x", content))
        assert caught.value.reason is DropReason.MISSING_FIELD


def test_empty_fields_are_none() -> None:
    decision = read(ecli="", spruchkoerper="", titelzeile="", norm="", vorinstanz="", entsch_datum="")
    assert (decision.ecli, decision.chamber, decision.title, decision.date) == (None, None, None, None)
    assert decision.norms == decision.previous_instances == ()


@pytest.mark.parametrize("text", ["2022-02-08", "20221301", "unbekannt"])
def test_impossible_date(text: str) -> None:
    assert read(entsch_datum=text).date is None


def test_several_file_numbers() -> None:
    assert read(aktenzeichen="2 BvQ 53/18, 2 BvQ 54/18;2 BvQ 55/18").file_numbers == (
        "2 BvQ 53/18",
        "2 BvQ 54/18",
        "2 BvQ 55/18",
    )


@pytest.mark.parametrize(
    ("element", "section"),
    [
        ("leitsatz", SectionName.LEITSATZ),
        ("sonstosatz", SectionName.ORIENTIERUNGSSATZ),
        ("tenor", SectionName.TENOR),
        ("tatbestand", SectionName.TATBESTAND),
        ("entscheidungsgruende", SectionName.ENTSCHEIDUNGSGRUENDE),
        ("gruende", SectionName.GRUENDE),
        ("abwmeinung", SectionName.ABWEICHENDE_MEINUNG),
        ("sonstlt", SectionName.SONSTIGES),
    ],
)
def test_sections(element: str, section: SectionName) -> None:
    decision = read(**{element: f"<div>{row('<p>Ein Satz.</p>')}</div>"})
    assert decision.section(section) == (Paragraph("Ein Satz."),)


def test_randnummern_as_printed_with_gaps_duplicates_and_letters() -> None:
    paragraphs = gruende(*(row(f"<p>Satz {n}.</p>", n) for n in ["3", "5", "5", "1", "2a"]))
    assert [p.randnummer for p in paragraphs] == ["3", "5", "5", "1", "2a"]


def test_only_the_first_paragraph_of_a_row_bears_its_number() -> None:
    paragraphs = gruende(row("<p>Eins.</p><p>Zwei.</p>", "7"))
    assert [(p.randnummer, p.text) for p in paragraphs] == [("7", "Eins."), (None, "Zwei.")]


def test_all_descendant_text_in_lines() -> None:
    paragraphs = gruende(
        row("<p>\n   Der <span style='x'>§ <b>31</b>&#160;BGB</span> gilt<br/><br/>hier\n auch.</p>", "1")
    )
    assert paragraphs == (Paragraph("Der § 31 BGB gilt\nhier auch.", "1"),)


def test_page_marks_of_reports_stay() -> None:
    assert gruende(row("<p>vgl. BVerfGE 11, 339 &lt;442&gt;.</p>", "1"))[0].text == "vgl. BVerfGE 11, 339 <442>."


def test_spacers_and_captions_are_dropped() -> None:
    caption = "<p>Abbildung in Originalgröße in neuem Fenster öffnen</p>"
    paragraphs = gruende(row("<p/>"), row("<p>\u00a0</p>"), row(caption), row("<p>Text.</p>", "1"), row("<p/>"))
    assert paragraphs == (Paragraph("Text.", "1"),)


def test_titles() -> None:
    paragraphs = gruende(
        row("<h2>I.</h2>"),
        row("<p>Eins.</p>", "1"),
        row("<p>II.</p>"),
        row("<p>Zulässigkeit</p>"),
        row("<p>Zwei.</p>", "2"),
        row("<p>und drei.</p>"),
    )
    assert [p.is_heading for p in paragraphs] == [True, False, True, True, False, False]


def test_quotations() -> None:
    paragraphs = gruende(
        row("<p>So:</p>", "1"),
        row('<p style="margin-left:36pt">„Zitat</p>'),
        row('<p style="margin-left: 0pt">Text.</p>'),
        row('<p style="text-align:left">Text.</p>'),
    )
    assert [p.is_quotation for p in paragraphs] == [False, True, False, False]
    assert not paragraphs[1].is_heading


def test_items_keep_their_labels() -> None:
    inner = (
        "<dl class='RspDL'><dt>1.</dt><dd><p>Die Klage wird abgewiesen.</p></dd><dt>2.</dt><dd><p>Kosten.</p></dd></dl>"
    )
    decision = read(tenor=f"<div>{row(inner)}<dl><dt>3.</dt><dd/></dl></div>")
    assert [p.text for p in decision.section(SectionName.TENOR)] == [
        "1. Die Klage wird abgewiesen.",
        "2. Kosten.",
        "3.",
    ]


def test_label_belongs_to_one_row_only() -> None:
    paragraphs = gruende("<dl><dt><a name='rd_1'>1</a></dt><dd><p>Eins.</p></dd><dd><p>Zwei.</p></dd></dl>")
    assert [p.randnummer for p in paragraphs] == ["1", None]


def test_the_margin_of_an_outer_row_goes_to_its_first_paragraph() -> None:
    inner = "<dl><dt/><dd><p/></dd><dt>a)</dt><dd><p>Eins.</p></dd><dt>b)</dt><dd><p>Zwei.</p></dd></dl>"
    paragraphs = gruende(row(inner, "4"), row(row("<p>Drei.</p>", "5")), row("<p/>", "6"), row("<p>Vier.</p>"))
    assert [(p.randnummer, p.text) for p in paragraphs] == [
        ("4", "a) Eins."),
        (None, "b) Zwei."),
        ("5", "Drei."),
        (None, "Vier."),
    ]


@pytest.mark.parametrize("depth", [20, 60, 200])
def test_deep_nesting_loses_no_text(depth: int) -> None:
    inner = "<div>x" * depth + "<p>Kern.</p>" + "y</div>" * depth
    text = " ".join(p.text for p in gruende(inner))
    assert text.count("x") == text.count("y") == depth
    assert text.count("Kern.") == 1


def test_deep_nesting_is_read_once_per_level_at_most() -> None:
    wide = "<span/>" * 20_000
    start = time.process_time()
    gruende("<div>" * 200 + wide + "<p>Kern.</p>" + "</div>" * 200)
    assert time.process_time() - start < 1


def test_excessive_nesting_is_malformed() -> None:
    with pytest.raises(DocumentError) as caught:
        gruende("<div>" * 5_000 + "</div>" * 5_000)
    assert caught.value.reason is DropReason.MALFORMED_XML


def test_text_outside_of_rows_and_blocks() -> None:
    paragraphs = gruende(
        "vorne", row("<p>Eins.</p>", "1"), "hinten", "<div>lose <b>Worte</b> hier</div>", "<p>Ende.</p>"
    )
    assert [p.text for p in paragraphs] == ["vorne", "Eins.", "hinten", "lose Worte hier", "Ende."]


def test_tables_in_the_text_become_rows() -> None:
    cells = "<tr><td><p>Alter</p></td><td><p>Faktor</p></td></tr><tr><td/><td/></tr><tr><th>26</th><td>11</td></tr>"
    table = f"<table class='Rsp'>{cells}</table>"
    paragraphs = gruende(row(table), row("<p>Danach.</p>", "1"))
    assert paragraphs[0] == Paragraph("Alter | Faktor\n26 | 11")


NAMES = "<tr><td><p>Roth\u00a0 </p></td><td/><td><p>von Kern</p></td></tr><tr><td/><td>Amsberg</td></tr>"
SIGNATURE = f"<table class='Rsp'>{NAMES}</table>"


@pytest.mark.parametrize("ending", [row(SIGNATURE), row("<p>Roth</p>") + row("<p>Dr. Kern\u00a0 Amsberg</p>")])
@pytest.mark.parametrize("element", ["entscheidungsgruende", "gruende", "abwmeinung"])
def test_signatures_behind_the_last_number_are_dropped(ending: str, element: str) -> None:
    decision = read(
        **{"gruende": "", element: f"<div>{row('<p>Die Kosten trägt er.</p>', '9')}{ending}{row('<p/>')}</div>"}
    )
    (section,) = (paragraphs for name, paragraphs in decision.sections.items() if name is not SectionName.TENOR)
    assert section == (Paragraph("Die Kosten trägt er.", "9"),)


def test_a_numbered_row_is_no_signature() -> None:
    assert [p.text for p in gruende(row("<p>Streit um</p>", "1"), row("<p>Roth</p>", "2"))] == ["Streit um", "Roth"]


def test_formula_behind_the_tenor_stays() -> None:
    decision = read(tenor=f"<div>{row('<p>Abgewiesen.</p>')}{row('<p>Von Rechts wegen</p>')}</div>")
    assert [p.text for p in decision.section(SectionName.TENOR)] == ["Abgewiesen.", "Von Rechts wegen"]
    assert not decision.section(SectionName.TENOR)[1].is_heading


@pytest.mark.parametrize("heading", ["Gründe", "G r ü n d e :", "GRÜNDE:"])
def test_grounds_inside_the_tenor(heading: str) -> None:
    tenor = "".join(row(f"<p>{text}</p>") for text in ["Abgewiesen.", heading, "Darum.", "Roth"])
    decision = read(tenor=tenor, gruende="")
    assert {n.value: [p.text for p in s] for n, s in decision.sections.items()} == {
        "tenor": ["Abgewiesen."],
        "gruende": ["Darum."],
    }


def test_facts_and_grounds_inside_the_tenor() -> None:
    texts = ["Abgewiesen.", "Tatbestand", "Es war so.", "Entscheidungsgründe", "Darum."]
    decision = read(tenor="".join(row(f"<p>{text}</p>") for text in texts), gruende="")
    assert [name.value for name in decision.sections] == ["tenor", "tatbestand", "entscheidungsgruende"]


def test_a_tenor_beside_grounds_is_not_split() -> None:
    decision = read(tenor=row("<p>Abgewiesen.</p>") + row("<p>Gründe</p>") + row("<p>Rest.</p>"))
    assert [p.text for p in decision.section(SectionName.TENOR)] == ["Abgewiesen.", "Gründe", "Rest."]
    assert [p.text for p in decision.grounds] == ["Die Revision ist unbegründet."]


def test_tenor_alone_is_read() -> None:
    assert list(read(gruende="").sections) == [SectionName.TENOR]
