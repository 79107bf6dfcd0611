"""Tests of legaltune.corpus.reflow."""

from __future__ import annotations

import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.reflow import Layout, drop_signature, is_pronouncement, paragraphs_of


def flow(text: str, layout: Layout = Layout.PARAGRAPH_LINES) -> list[tuple[str | None, str]]:
    return [(p.randnummer, p.text) for p in paragraphs_of(text, layout)]


def texts(text: str, layout: Layout = Layout.PARAGRAPH_LINES) -> list[str]:
    return [p.text for p in paragraphs_of(text, layout)]


def test_a_line_is_a_paragraph() -> None:
    assert texts("Tenor\nDie Klage wird abgewiesen.\nDer Kläger trägt die Kosten.") == [
        "Tenor",
        "Die Klage wird abgewiesen.",
        "Der Kläger trägt die Kosten.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gemäß \n§ 21 GKG\nabgesehen.", ["gemäß § 21 GKG abgesehen."]),
        ("unanfechtbar (\n§ 152 VwGO\n).", ["unanfechtbar (§ 152 VwGO)."]),
        ("nach \n§ 116\n, \n§ 119 StVollzG\nund weiter.", ["nach § 116, § 119 StVollzG und weiter."]),
        ("nach \n§ 46 VO-GO\nErlass gilt.", ["nach § 46 VO-GO Erlass gilt."]),
        ("die Firma \n„…“\ntätig.", ["die Firma „…“ tätig."]),
        ("Ein Leitsatz. \n(Rn.15)", ["Ein Leitsatz. (Rn.15)"]),
        ("(a)\xa0\xa0\ndie Öffentlichkeit zu unterrichten", ["(a) die Öffentlichkeit zu unterrichten"]),
        ("II\n.", ["II."]),
        ("nach \n§ 4 VwGO\ni.V.m.\n§ 7 ZPO\nzulässig.", ["nach § 4 VwGO i.V.m. § 7 ZPO zulässig."]),
        ("nach § 4 VwGO\ni. V. m. \n§ 7 ZPO gilt es.", ["nach § 4 VwGO i. V. m. § 7 ZPO gilt es."]),
        ("ein Antrag\ni.S.v. \n§ 13 VwGO", ["ein Antrag i.S.v. § 13 VwGO"]),
        (
            "So Senatsbeschl. \nv. 3.4.2020 - 1 A 2/19\n-, juris Rn. 5.",
            ["So Senatsbeschl. v. 3.4.2020 - 1 A 2/19 -, juris Rn. 5."],
        ),
        ("Mit Brief vom \n29.\xa0August\xa02019\n(Bl. 7) rügt er.", ["Mit Brief vom 29. August 2019 (Bl. 7) rügt er."]),
        ("der „\nZuschlag\n“ entfällt.", ["der „Zuschlag“ entfällt."]),
        ("Es heißt: „\nDer Vertrag endet.\n“ (Anlage 3).", ["Es heißt: „Der Vertrag endet.“ (Anlage 3)."]),
        ("„\nDie Frist läuft.\n“", ["„Die Frist läuft.“"]),
        ('das Wort "\n Fahrer\n " genügt.', ['das Wort "Fahrer" genügt.']),
        ("zulässig (\n2.1.\n) und begründet (\n2.2.\n).", ["zulässig (2.1.) und begründet (2.2.)."]),
        ("mit Trägern (\n Pressen\n ); Beratung", ["mit Trägern (Pressen); Beratung"]),
        ("so (vgl. BGH 1 (Nr. 2)\n MUSTER\n WORT) auch.", ["so (vgl. BGH 1 (Nr. 2) MUSTER WORT) auch."]),
        ("(vgl. KommR/\nRoth\n/\nKern\n, 2. Aufl.)", ["(vgl. KommR/Roth/Kern, 2. Aufl.)"]),
        ("Er erwartet hinreichende\nAussicht auf Erfolg.", ["Er erwartet hinreichende Aussicht auf Erfolg."]),
        ("von 30 m\n2\ngroßen Beeten", ["von 30 m2 großen Beeten"]),
        ("der Ausstoß von CO\n2\nsinkt.", ["der Ausstoß von CO2 sinkt."]),
        (" 1. \n die Klage abzuweisen; \n 2. \n hilfsweise", ["1. die Klage abzuweisen;", "2. hilfsweise"]),
    ],
)
def test_a_sentence_that_an_inline_tag_broke_is_joined(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@pytest.mark.parametrize(
    "lines",
    [
        ["Der erste Satz. ", "Der zweite Satz."],
        ["I. ", "Der Kläger klagt."],
        ["Gründe ", "Die Klage ist zulässig."],
        ["Zur Sache ", "Gründe"],
        ["Die Klage ", " eigener Absatz"],
        ["Die Klage ", "", "nach einer Leerzeile"],
        ["Der Kläger beantragt,", "den Bescheid aufzuheben."],
        ["Er trägt vor ", "1. Der Bescheid sei falsch."],
        ["Vorher ", "- ein Punkt"],
        ["Titel ", "vorgehend AG Musterstadt, 1. Mai 2020"],
        ["Ein Wert", "Ein anderer"],
        [" II. ", " a) der Kläger"],
        [" 1. ", "", "die Klage"],
        ["Er beantragt,", "die Klage abzuweisen;", "hilfsweise die Revision zuzulassen."],
        ["Die Klage ist zulässig.", "a. Der Rechtsweg ist eröffnet."],
        ["Dies ergibt sich aus Folgendem:", "i.V.m. ist keine Regel."],
        ["Er lud ein zum", "1. Fest der Stadt"],
        ["Sie tagten am Ende.", "3. Mai 2020 war ein Sonntag."],
        ["Wie hier Roth, juris Rn. 91.", "Eine andere Ansicht überzeugt nicht."],
        ["Der Vertrag lautet (Auszug:", "1. Die Miete ist fällig."],
        ["Der Zeuge sagte (leise.", "Danach schwieg er."],
        ["Das Wort „Ende“", "“Quote” ist englisch."],
        ['Er sagte "ja" und "nein "', "Danach schwieg er."],
        ["Sie schrieb „", "Gründe"],
        ["Adresse: https://muster.de/", "Die Seite ist erreichbar."],
    ],
)
def test_what_only_looks_broken_stays_apart(lines: list[str]) -> None:
    assert texts("\n".join(lines)) == [line.strip() for line in lines if line]


def test_bracketed_numbers() -> None:
    assert flow("Gründe\n[1] Der Kläger klagt.\n[2a] Er verliert.") == [
        (None, "Gründe"),
        ("1", "Der Kläger klagt."),
        ("2a", "Er verliert."),
    ]


def test_numbers_behind_a_list_belong_to_its_items() -> None:
    text = "Gründe\nRandnummer\n1\nEr beantragt,\n1. eins\n2. zwei\nRandnummer\n2\nRandnummer\n3\nRandnummer\n4\nEnde."
    assert flow(text) == [(None, "Gründe"), ("1", "Er beantragt,"), ("2", "1. eins"), ("3", "2. zwei"), ("4", "Ende.")]
    assert flow(text.replace("2. zwei\n", ""))[-2:] == [(None, "1. eins"), ("4", "Ende.")]


def test_bare_number_beside_bracketed_ones_is_text() -> None:
    assert flow("Gründe\n[1] Der Vertrag lautet:\n 2 \n Raten \n[2] Ende.") == [
        (None, "Gründe"),
        ("1", "Der Vertrag lautet:"),
        (None, "2"),
        (None, "Raten"),
        ("2", "Ende."),
    ]


def test_number_without_text_leaves_no_paragraph() -> None:
    assert flow("[1]\n[2] Er verliert.") == [("2", "Er verliert.")]


def test_labelled_numbers_and_no_others() -> None:
    text = "Gründe\nRandnummer\n1\nDer Kläger klagt.\n2\nRandnummer\n7\nEr verliert."
    assert flow(text) == [(None, "Gründe"), ("1", "Der Kläger klagt."), (None, "2"), ("7", "Er verliert.")]


def test_bare_numbers_in_sequence() -> None:
    text = "Gründe\nI.\n1\nDer Kläger beantragt,\n2\ndie Klage abzuweisen.\n1999\n4\nEr verliert."
    assert flow(text) == [
        (None, "Gründe"),
        (None, "I."),
        ("1", "Der Kläger beantragt,"),
        ("2", "die Klage abzuweisen."),
        (None, "1999"),
        ("4", "Er verliert."),
    ]


def test_bare_number_beyond_the_gap_is_text() -> None:
    assert flow("1\nA.\n5\nB.") == [("1", "A."), (None, "5"), (None, "B.")]
    assert flow("1\nA.\n4\nB.") == [("1", "A."), ("4", "B.")]
    assert flow("2\nA.\n2\nB.")[1:] == [(None, "2"), (None, "B.")]


def test_exponent_of_a_unit_is_no_margin_number() -> None:
    assert flow("Die Fläche misst 30 m\n1\ngroße Teile.") == [(None, "Die Fläche misst 30 m"), (None, "1 große Teile.")]
    assert flow("1\nKlein.\nSie misst 30 m\n2\n2\nEnde.") == [
        ("1", "Klein."),
        (None, "Sie misst 30 m2"),
        ("2", "Ende."),
    ]


def test_a_margin_number_parts_what_a_quotation_mark_would_join() -> None:
    text = "Gründe\nRandnummer\n1\nEs heißt: „\nRandnummer\n2\nZusatz\nRandnummer\n3\n“ Das gilt."
    assert flow(text)[1:] == [("1", "Es heißt: „"), ("2", "Zusatz"), ("3", "“ Das gilt.")]


@pytest.mark.parametrize("line", ["(", "„", '"', "m", "2", "i.V.m.", "Roth/", "v. 3.4.2020", "nach der ", "a (b"])
def test_time_is_linear_in_the_number_of_broken_lines(line: str) -> None:
    seconds = min_seconds("\n".join([line] * 2_000)), min_seconds("\n".join([line] * 16_000))
    assert seconds[1] < 24 * seconds[0] + 0.02


def min_seconds(text: str) -> float:
    return min(timeit.repeat(lambda: paragraphs_of(text, Layout.PARAGRAPH_LINES), number=1, repeat=3))


def test_number_before_a_section_heading_is_not_its_own() -> None:
    assert flow("1\nTatbestand:\n2\nDie Parteien streiten.") == [(None, "Tatbestand:"), ("2", "Die Parteien streiten.")]


def test_image_residue_is_dropped() -> None:
    assert texts('Die Bewertung:\n<alt="Abbildung" src="b.png">\nEnde.') == ["Die Bewertung:", "Ende."]


# Printed lines of a PDF -------------------------------------------------------------------------------------------

PRINTED = """\
1
Landgericht Musterstadt
hat die 1. Kammer durch den Richter am Landgericht Roth am 3. Mai 2020 be-
schlossen:
Der Antrag wird abgelehnt.
________________________
- 2 -
Gründe
I.
Der Antragsteller wendet sich gegen einen Bescheid, den die Antragsgeg-
nerin am 4. Mai 2019 erlassen hat. Er rügt Form- und Verfahrensfehler.

3
Die Antragsgegnerin hält den Bescheid für rechtmäßig. Sie verweist auf § 3 Abs.
2 Nr. 1 des Gesetzes und beantragt, den Antrag abzulehnen.
Seite 3/4
1. Der Antrag ist zulässig.
a) Er ist statthaft.
gez. Roth gez. Kern
Beglaubigt
"""


def test_printed_lines_are_reflowed() -> None:
    assert texts(PRINTED, Layout.PRINTED_LINES) == [
        "Landgericht Musterstadt hat die 1. Kammer durch den Richter am Landgericht Roth am 3. Mai 2020 beschlossen:",
        "Der Antrag wird abgelehnt.",
        "Gründe",
        "I.",
        "Der Antragsteller wendet sich gegen einen Bescheid, den die Antragsgegnerin am 4. Mai 2019 erlassen hat. "
        "Er rügt Form- und Verfahrensfehler.",
        "Die Antragsgegnerin hält den Bescheid für rechtmäßig. Sie verweist auf § 3 Abs. 2 Nr. 1 des Gesetzes und "
        "beantragt, den Antrag abzulehnen.",
        "1. Der Antrag ist zulässig.",
        "a) Er ist statthaft.",
    ]


NUMBERED = """\
Gründe
1 Der Antrag ist zulässig, weil die Frist gewahrt und die Form eingehalten wurde (vgl. § 3 Abs.
2 Nr. 1 VwGO). Mehr ist nicht zu sagen.
2 Er ist auch begründet, denn der Bescheid verletzt den Antragsteller in dessen Rechten:
3 b) Die Kosten trägt die Antragsgegnerin, die unterlegen ist; das folgt aus § 154 Abs. 1 VwGO.
12 Personen waren anwesend, als der Beschluss verkündet wurde, und keine widersprach ihm dabei.
"""


def test_margin_numbers_of_printed_lines() -> None:
    found = flow(NUMBERED, Layout.PRINTED_LINES)
    assert [(n, t[:20]) for n, t in found] == [
        (None, "Gründe"),
        ("1", "Der Antrag ist zuläs"),
        ("2", "Er ist auch begründe"),
        ("3", "b) Die Kosten trägt "),
    ]
    assert "VwGO. 12 Personen waren" in found[-1][1]


def test_margin_number_opens_a_paragraph_behind_a_full_line() -> None:
    text = (
        "Gründe\n1 Diese Zeile ist so lang wie die Seite breit ist.\n2 Und diese Zeile ist es ebenso bis auf ein Wort."
    )
    assert [n for n, _ in flow(text, Layout.PRINTED_LINES)] == [None, "1", "2"]


def test_numbers_before_the_first_heading_count_nothing() -> None:
    text = "1 K 5/20 Gericht.\n1 Der Antrag ist ein Antrag.\nGründe\n1 Der Antrag ist zulässig."
    assert flow(text, Layout.PRINTED_LINES)[-1] == ("1", "Der Antrag ist zulässig.")
    assert all(number is None for number, _ in flow(text, Layout.PRINTED_LINES)[:-1])


def test_full_line_that_ends_a_sentence_goes_on() -> None:
    text = "Ein Satz, der die ganze Breite der Zeile füllt, endet hier.\nEin zweiter Satz folgt ihm im selben Absatz."
    assert len(texts(text, Layout.PRINTED_LINES)) == 1


def test_short_line_that_ends_a_sentence_ends_the_paragraph() -> None:
    text = "Ein Satz endet hier.\nEin zweiter Satz, der lang genug ist, füllt die ganze Breite der Zeile aus."
    assert len(texts(text, Layout.PRINTED_LINES)) == 2


def test_nothing_but_page_numbers() -> None:
    assert texts("1\n\n- 2 -\n", Layout.PRINTED_LINES) == []


# Blocks -----------------------------------------------------------------------------------------------------------


def test_blocks() -> None:
    text = (
        "Tenor\n\nDie Klage wird abgewiesen.\n\n1\n\nTatbestand:\n\n2\n\nDie Parteien\n streiten.\n\n3\n\xa0Er klagt."
    )
    assert flow(text, Layout.BLOCKS) == [
        (None, "Tenor"),
        (None, "Die Klage wird abgewiesen."),
        (None, "Tatbestand:"),
        ("2", "Die Parteien streiten."),
        ("3", "Er klagt."),
    ]


def test_line_breaks_inside_a_block_are_inline_tags() -> None:
    assert texts("Zu\nr\n zweiten Frage (\n*\n)", Layout.BLOCKS) == ["Zur zweiten Frage (*)"]


def test_titles_of_blocks() -> None:
    paragraphs = paragraphs_of("\xa0\nRechtlicher Rahmen\n\nText.", Layout.BLOCKS)
    assert [(p.text, p.is_heading) for p in paragraphs] == [("Rechtlicher Rahmen", True), ("Text.", False)]


def test_number_out_of_sequence_in_blocks_is_text() -> None:
    assert flow("1\n\nA\n\n500\n\nB", Layout.BLOCKS) == [("1", "A"), (None, "500"), (None, "B")]


# Endings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["Die Kosten trägt er.", "Roth", "Kern von Amsberg"], 1),
        (["Die Kosten trägt er.", "gez.:", "Roth Kern", "Ausgefertigt:", "Musterstadt, den", "Urkundsbeamtin"], 1),
        (["Die Kosten trägt er.", "Die Übereinstimmung der Abschrift", "mit der Urschrift wird beglaubigt."], 1),
        (["Die Kosten trägt er.", "Von Rechts wegen"], 2),
        (["Roth", "Die Kosten trägt er."], 2),
        (["Die Kosten trägt er.", "Gründe"], 2),
        (["gez. Roth", *["Ein Satz."] * 9], 0),
        (["gez. Roth", *["Ein Satz."] * 10], 11),
        (["Roth Kern"], 0),
        ([], 0),
    ],
)
def test_drop_signature(lines: list[str], kept: int) -> None:
    assert drop_signature(lines) == lines[:kept]


def test_pronouncement() -> None:
    assert is_pronouncement("hat die Kammer für Recht erkannt:")
    assert is_pronouncement("beschlossen:")
    assert is_pronouncement("für Recht erkannt und entschieden:")
    assert not is_pronouncement("hat beschlossen, dass")
    assert not is_pronouncement("wie anerkannt:")


@given(st.text(alphabet="aB1. \n\xa0[](),:-§…“Gründe"), st.sampled_from(Layout))
def test_any_text_gives_clean_paragraphs(text: str, layout: Layout) -> None:
    for paragraph in paragraphs_of(text, layout):
        assert paragraph.text
        assert paragraph.text == paragraph.text.strip()


# Printed lines: where a line ends on purpose, and which hyphens stay -------------------------------------------------

FULL = "Diese Zeile ist so lang wie alle anderen Zeilen des Absatzes und läuft weiter in"


@pytest.mark.parametrize(
    ("above", "line", "stays"),
    [
        ("Er beantragt,", "1. den Bescheid aufzuheben,", False),
        ("Grundfreibetrag EUR 619,00", "Freibetrag EUR 282,00", False),
        ("Der Senat", "folgt dem nicht.", True),
        ("(vgl. die Entscheidung ibs.", "Rn. 66 ff.) ist das anders.", True),
        ("Das zeigt der Beschluss, Az.:", "15 C 48/17 deutlich.", True),
        ("So der Senat (BGHZ 1, 2;", "137, 273 <313>).", True),
        ("Er war krank;", "2. er war alt.", False),
        ("Das gilt ca.", "drei Jahre lang.", True),
        ("Es bleibt dabei.", "aa. Die Rüge greift nicht.", False),
        ("Wie oben S. 5 f.", "ff. genannt.", True),
        ("B e s c h l u s s", "in der Sache", False),
        ("Beschluss", "Der Streitwert beträgt 5 Euro.", False),
        ("Muster Beispiel", "Beschluss", False),
        ("durch den Beschluss", "des Senats", True),
    ],
)
def test_short_printed_lines(above: str, line: str, stays: bool) -> None:
    text = "\n".join([FULL, FULL, "der Mitte.", above, line, FULL, FULL])
    found = texts(text, Layout.PRINTED_LINES)
    assert any(f"{above} {line}" in paragraph for paragraph in found) is stays


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("ein öffentlich-", "rechtlicher Vertrag", "ein öffentlich-rechtlicher Vertrag"),
        ("die 4-", "jährige Frist", "die 4-jährige Frist"),
        ("Blatt 204-", "206 der Akte", "Blatt 204-206 der Akte"),
        ("im 6-", "und 7-jährigen Lauf", "im 6-und 7-jährigen Lauf"),
        ("Spindler/", "Stilz", "Spindler/Stilz"),
        ("der Ver-", "trag", "der Vertrag"),
        ("teilzeit-", "bzw. elternzeitbedingt", "teilzeit- bzw. elternzeitbedingt"),
    ],
)
def test_hyphens_at_the_end_of_a_printed_line(first: str, second: str, joined: str) -> None:
    assert joined in texts(f"{FULL} {first}\n{second}\n{FULL}\n{FULL}", Layout.PRINTED_LINES)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Der vor- liegende Fall ist der vorliegende Fall.", "Der vorliegende Fall ist der vorliegende Fall."),
        ("Der vor- liegende Fall ist anders.", "Der vor- liegende Fall ist anders."),
        ("Haupt- und Nebenantrag, Hauptund", "Haupt- und Nebenantrag, Hauptund"),
    ],
)
def test_hyphen_inside_a_line_is_mended_where_the_text_proves_it(text: str, expected: str) -> None:
    assert texts(text) == [expected]


def test_margin_numbers_on_lines_of_their_own() -> None:
    text = f"Gründe\nI.\n1\n{FULL}\ndie nächste.\n2\nII.\nDie Klage ist unbegründet.\n7\nSchluss."
    assert flow(text, Layout.MARGIN_LINES) == [
        (None, "Gründe"),
        (None, "I."),
        ("1", f"{FULL} die nächste."),
        (None, "II."),
        ("2", "Die Klage ist unbegründet."),
        (None, "Schluss."),
    ]


@given(st.lists(st.lists(st.sampled_from(["Der", "Senat", "folgt", "dem", "nicht.", "a)", "vgl."]), min_size=1)))
def test_no_word_of_printed_lines_is_lost(lines: list[list[str]]) -> None:
    text = "\n".join(" ".join(line) for line in lines)
    for layout in (Layout.PRINTED_LINES, Layout.MARGIN_LINES):
        signed = [" ".join(line) for line in lines]
        kept = [word for line in drop_signature(signed) for word in line.split()]
        assert " ".join(texts(text, layout)).split() == kept
