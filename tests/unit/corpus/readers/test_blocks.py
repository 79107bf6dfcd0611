"""Tests of legaltune.corpus.readers.blocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.document import Paragraph
from legaltune.corpus.readers.blocks import numbered_by_text, paragraphs_of, without_signature
from legaltune.corpus.readers.html import parse_html


def read(body: str, *, keep_links: bool = True) -> list[tuple[str | None, str]]:
    return [(p.randnummer, p.text) for p in paragraphs_of(parse_html(body), keep_links=keep_links)]


@pytest.mark.parametrize(
    "markup",
    [
        '<div class="rdn" data-rdn="7"><p><span class="rdn">7</span> Der Satz.</p></div>',
        '<div class="rdblock"><div class="rd">7</div><div class="absatz gruende">Der Satz.</div></div>',
        '<dl><dt>7</dt><dd id="rd-7"><p>Der Satz.</p></dd></dl>',
        '<ol><li class="m-decisions__item" data-rd="7"><p>Der Satz.</p></li></ol>',
        '<p class="is-anchor" id="7">7</p><p class="justify">Der Satz.</p>',
        '<p class="is-anchor" id="7"></p><p class="justify">Der Satz.</p>',
        '<dl class="RspDL"><dt><a name="rd_7">7</a></dt><dd><p>Der Satz.</p></dd></dl>',
        '<span class="absatzRechts">7</span><p class="absatzLinks">Der Satz.</p>',
        '<p><rd nr="7"></rd>Der Satz.</p>',
        '<table><tr><td><rd nr="7"></rd></td><td>Der Satz.</td></tr></table>',
        '<p><a name="rd_7">7</a> Der Satz.</p>',
    ],
)
def test_every_mark_of_a_randnummer(markup: str) -> None:
    assert read(markup) == [("7", "Der Satz.")]


@pytest.mark.parametrize(
    "markup",
    [
        '<table><tr><td valign="top"><table><tr><td><i>{n}</i>&nbsp;</td></tr></table></td>'
        '<td><table><tr><td><rd nr="{n}"></rd>Satz.</td></tr></table></td></tr></table>',
        '<div class="absatz"><div class="rechts">{n}</div><div class="links"><p>Satz.</p></div></div>',
        '<div class="absatz"><div class="links"><p>Satz.</p></div><div class="rechts">{n}</div></div>',
        "<dl><dt>{n}</dt><dd>Satz.</dd></dl>",
    ],
)
def test_margins_that_count_up(markup: str) -> None:
    assert read("".join(markup.format(n=n) for n in (1, 2, 4))) == [("1", "Satz."), ("2", "Satz."), ("4", "Satz.")]


def test_a_column_that_counts_up_beside_text_is_a_margin() -> None:
    rows = "".join(f"<tr><td>{n}</td><td>{'Ein langer Satz. ' * 4}</td></tr>" for n in (1, 2, 3))
    assert [number for number, _ in read(f"<table>{rows}</table>")] == ["1", "2", "3"]


def test_a_number_that_is_not_due_is_text() -> None:
    assert read("<dl><dt>17</dt><dd>Satz.</dd></dl>") == [(None, "17 Satz.")]
    assert read('<div class="rechts">2019</div>') == [(None, "2019")]


def test_only_the_first_paragraph_bears_the_number() -> None:
    assert read('<li data-rd="3"><p>Eins.</p><p>Zwei.</p></li>') == [("3", "Eins."), (None, "Zwei.")]


def test_an_empty_margin_ends_the_number_before_it() -> None:
    assert read('<div class="rd">1</div><div class="rd"></div><p>I.</p>') == [(None, "I.")]


def test_lines_and_blank_lines() -> None:
    assert read("<p>Der Kläger<br>beantragt,<br><br>\n zu  erkennen.</p>") == [
        (None, "Der Kläger\nbeantragt,"),
        (None, "zu erkennen."),
    ]


def test_inline_markup_does_not_break_words_or_paragraphs() -> None:
    body = "lose <b>Wo</b>rte<p>§&nbsp;1 <a href='x'>Must<i>G</i></a>, 5 m<sup>2</sup> Land.</p>Rest"
    assert read(body) == [(None, "lose Worte"), (None, "§ 1 MustG, 5 m² Land."), (None, "Rest")]


def test_headings_and_quotations() -> None:
    found = paragraphs_of(
        parse_html("<h2>I.</h2><blockquote><p>„Zitat“</p></blockquote><p style='margin-left:36pt'>x</p>")
    )
    assert [(p.is_heading, p.is_quotation) for p in found] == [(True, False), (False, True), (False, True)]


def test_items_keep_their_marks() -> None:
    rows = "<dl><dt>1.</dt><dd><div class='rd'></div><div>Eins.</div></dd><dt>2.</dt><dd></dd></dl>"
    assert [text for _, text in read(rows)] == ["1. Eins.", "2."]
    dashes = "<ul style=\"list-style-type:'\\002D\\0020'\"><li>Blatt 1</li><li>Blatt 2</li></ul>"
    assert [text for _, text in read(dashes)] == ["- Blatt 1", "- Blatt 2"]
    letters = "<ul style='list-style-type: lower-alpha'><li>Eins</li><li>Zwei</li></ul><ol><li>Drei</li></ol>"
    assert [text for _, text in read(letters)] == ["a) Eins", "b) Zwei", "Drei"]


@pytest.mark.parametrize(("start", "marks"), [("2", "2. 3."), (" 10 ", "10. 11."), ("", "1. 2."), ("x", "1. 2.")])
def test_a_list_may_begin_with_another_number(start: str, marks: str) -> None:
    items = f"<ol start='{start}' style='list-style-type:decimal'><li>A</li><li>B</li></ol>"
    assert " ".join(text.split()[0] for _, text in read(items)) == marks


@pytest.mark.parametrize(
    ("attributes", "marks"),
    [
        ("type='a'", ["a) A", "b) B"]),
        ("type='1' start='4'", ["4. A", "5. B"]),
        ("start='4'", ["4. A", "5. B"]),
        ("class='plain'", ["A", "B"]),
        ("type='I'", ["A", "B"]),
        ("start='1' style='list-style: none'", ["A", "B"]),
    ],
)
def test_a_list_counts_by_its_attributes(attributes: str, marks: list[str]) -> None:
    assert [text for _, text in read(f"<ol {attributes}><li>A</li><li><p>B</p></li></ol>")] == marks


def test_a_list_of_links_leaves_no_marks() -> None:
    links = "<ul style='list-style-type:disc'><li><a href='/a'>Start</a></li><li><a href='/b'>Suche</a></li></ul>"
    assert read(links, keep_links=False) == []


def test_tables_of_data_become_rows() -> None:
    table = (
        "<table><tr><th>Jahr</th><th>Satz</th></tr><tr><td>2019</td><td><p>5 %</p></td></tr><tr><td></td></tr></table>"
    )
    assert read(table) == [(None, "Jahr | Satz\n2019 | 5 %")]


def test_furniture_is_left_out() -> None:
    body = (
        "<nav>Menü</nav><header>Kopf</header><article><header><h1>Urteil</h1></header></article><script>x()</script>"
        "<p class='sr-only'>Springen</p><p hidden>x</p><p style='display: none'>y</p><div role='navigation'>z</div>"
        "<table summary='Unterschriften der Richter'><tr><td>Roth</td></tr></table><footer>Fuß</footer><p>Text.</p>"
    )
    assert read(body) == [(None, "Urteil"), (None, "Text.")]


def test_blocks_of_links_are_navigation_where_asked() -> None:
    body = "<p><a href='/a'>Startseite</a></p><h3><a href='/b'>Tenor</a></h3><p>Siehe <a href='/c'>§ 1</a>.</p>"
    assert [text for _, text in read(body, keep_links=False)] == ["Tenor", "Siehe § 1."]
    assert len(read(body)) == 3


def test_elements_to_skip() -> None:
    root = parse_html("<div><p>eins</p><p>zwei</p>drei</div>")
    assert [p.text for p in paragraphs_of(root, skip=[root.find(".//p")])] == ["zwei", "drei"]


def test_numbers_printed_as_text() -> None:
    texts = ["1 Vorweg.", "Gründe", "1 Der Kläger.", "2", "Die Klage.", "2019 Muster.", "3 Ende."]
    found = numbered_by_text([Paragraph(text) for text in texts])
    assert [(p.randnummer, p.text) for p in found] == [
        (None, "1 Vorweg."),
        (None, "Gründe"),
        ("1", "Der Kläger."),
        ("2", "Die Klage."),
        (None, "2019 Muster."),
        ("3", "Ende."),
    ]


def test_one_number_alone_is_text() -> None:
    paragraphs = [Paragraph("Gründe"), Paragraph("1 Euro ist zu zahlen."), Paragraph("Ende.")]
    assert numbered_by_text(paragraphs) == paragraphs


def test_signatures() -> None:
    table = Paragraph("Dr. Roth | | Kern")
    assert without_signature([Paragraph("Roth", "1"), table]) == [Paragraph("Roth", "1")]


INLINE = st.sampled_from(["b", "i", "span", "a", "em"])
BLOCK = st.sampled_from(["p", "div", "li", "blockquote", "dd", "section", "h2"])


@given(st.lists(st.tuples(BLOCK, INLINE, st.text("abcäß§ 12", min_size=1, max_size=12)), max_size=8))
def test_no_text_is_lost(parts: list[tuple[str, str, str]]) -> None:
    body = "".join(f"<{block}><{inline}>{text}</{inline}></{block}>" for block, inline, text in parts)
    read_text = "".join(text for _, text in read(f"<body>x{body}</body>"))
    assert read_text.replace(" ", "") == "x" + "".join(text for _, _, text in parts).replace(" ", "")


def test_a_number_of_thousands_of_digits_is_no_randnummer() -> None:
    long, number = "Ein Satz, der in der zweiten Spalte steht und lang genug ist.", "9" * 5_000
    rows = "".join(f"<tr><td>{first}</td><td>{long}</td></tr>" for first in ("Jahr", number))
    assert [text for _, text in read(f"<table>{rows}</table>")] == [f"Jahr | {long}\n{number} | {long}"]
