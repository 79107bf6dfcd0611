"""Tests of legaltune.corpus.cleaning."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus import cleaning


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("§\u00a0823 \t Abs.\u202f1\n BGB ", "§ 823 Abs. 1 BGB"),
        ("Rechts\u00adschutz\u200b\ufeff", "Rechtsschutz"),
        ("Mu\u0308ller", "Müller"),
        ("für\talle\nFälle", "für alle Fälle"),
        ("VI ZR\u2011Sache", "VI ZR-Sache"),
        ("Brü¬der", "Brüder"),
        ("5 ¬ 3", "5 ¬ 3"),
        ("a\x00b\x07c", "abc"),
        ("vorher\ud800nachher", "vorhernachher"),
        ("\uf0b7 Punkt", "Punkt"),
        ("der Zeuge … und XXX, ___ sowie A... und […]", "der Zeuge … und XXX, ___ sowie A... und […]"),
    ],
)
def test_clean(raw: str, expected: str) -> None:
    assert cleaning.clean(raw) == expected


@given(st.text())
def test_clean_is_idempotent_and_encodable(text: str) -> None:
    once = cleaning.clean(text)
    assert cleaning.clean(once) == once
    once.encode("utf-8")


AWKWARD = (
    "ab Ä.¬\u2011\u00a0\n\t\x1c\x85\u2028\u3000\u00ad\u200b\ufeff\x00\ud800\ue000\u0301u\u0338=\u0378\u1680\U000e0020"
)


@given(st.text(alphabet=st.sampled_from(AWKWARD)) | st.text(alphabet=st.characters()))
def test_clean_does_what_it_says(text: str) -> None:
    kept = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in {"Cf", "Cc", "Cs", "Co"})
    normal = unicodedata.normalize("NFC", kept).replace("\u2011", "-")
    assert cleaning.clean(text) == " ".join(re.sub(r"(?<=\w)¬(?=\w)", "", normal).split())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("G r ü n d e :", "Gründe:"),
        ("T a t b e s t a n d", "Tatbestand"),
        ("B E S C H L U S S", "BESCHLUSS"),
        ("a b c", "a b c"),
        ("Gründe und mehr", "Gründe und mehr"),
        ("1 2 3 4 5", "1 2 3 4 5"),
    ],
)
def test_join_spaced_word(line: str, expected: str) -> None:
    assert cleaning.join_spaced_word(line) == expected


@pytest.mark.parametrize("line", ["12", "- 12 -", "- II -", "– 3 –", "Seite 15/16", "Seite 3 von 16", "Seite 3"])
def test_page_number(line: str) -> None:
    assert cleaning.is_page_number(line)


@pytest.mark.parametrize("line", ["2024", "II", "12 Der Kläger", "- Kläger -", "Seite an Seite"])
def test_no_page_number(line: str) -> None:
    assert not cleaning.is_page_number(line)


def test_rule_is_longer_than_an_anonymised_name() -> None:
    assert cleaning.is_rule("______________")
    assert cleaning.is_rule("──────────────")
    assert not cleaning.is_rule("_____")
    assert not cleaning.is_rule("_____ GmbH ________")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<alt="Abbildung" src="r/bilder/bild1.png">', ""),
        ('davor <alt="Abbildung" src="x.png"> danach', "davor  danach"),
        ("Abbildung in Originalgröße in neuem Fenster öffnen", ""),
        ("Abbildung in Originalgröße (öffnet in neuem Fenster) öffnen", ""),
        ("Das Zeichen Abbildung in Originalgröße", "Das Zeichen"),
        ("Die Abbildung zeigt eine Hose.", "Die Abbildung zeigt eine Hose."),
    ],
)
def test_drop_image_captions(text: str, expected: str) -> None:
    assert cleaning.drop_image_captions(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I. I.", "I."),
        ("In der Sache In der Sache", "In der Sache"),
        ("I. II.", "I. II."),
        ("soso", "soso"),
        ("", ""),
        (" ", " "),
    ],
)
def test_halve_doubled(text: str, expected: str) -> None:
    assert cleaning.halve_doubled(text) == expected


@pytest.mark.parametrize(
    "text", ["Die Klage ist zulässig.", "Warum?", "Nein!", "„So ist es.“", "(Satz.)", "§ 114 VwGO."]
)
def test_ends_sentence(text: str) -> None:
    assert cleaning.ends_sentence(text)


@pytest.mark.parametrize(
    "text",
    [
        "gemäß § 3 Abs.",
        "Ein Satz. " * 20 + "Siehe Abs.",
        "vgl.",
        "Dr.",
        "am 15.",
        "Urt. v.",
        "die Firma …",
        "die Firma ...",
        "folgt:",
        "und",
        "9. Ed.",
    ],
)
def test_no_end_of_a_sentence(text: str) -> None:
    assert not cleaning.ends_sentence(text)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Ham-", "burg liegt", "Hamburg liegt"),
        ("der SCR-", "Katalysator", "der SCR-Katalysator"),
        ("Widerrufs-", "und Rückforderungsbescheid", "Widerrufs- und Rückforderungsbescheid"),
        ("Ein-", "bis Zweifamilienhaus", "Ein- bis Zweifamilienhaus"),
        ("unter-", "underblättert", "unterunderblättert"),
        ("der Kläger -", "so das Gericht", "der Kläger - so das Gericht"),
        ("ein Satz", "geht weiter", "ein Satz geht weiter"),
    ],
)
def test_join_wrapped(first: str, second: str, expected: str) -> None:
    assert cleaning.join_wrapped(first, second) == expected


HINDERED = "Roth zugleich für den an der Unterschrift verhinderten Richter Kern"


@pytest.mark.parametrize(
    "line",
    [
        "Müller",
        "Dr. Müller von Amsberg C. Roth",
        "gez. Roth gez. Dr. Kern",
        "XXX XXX",
        "B. Roth",
        "…",
        "Kern/Roth",
        HINDERED,
    ],
)
def test_signature(line: str) -> None:
    assert cleaning.is_signature(line)


@pytest.mark.parametrize(
    "line",
    [
        "Der Streitwert wird festgesetzt.",
        "Von Rechts wegen",
        "Roth, Kern",
        "35.000 Euro",
        "A.",
        "am",
        "",
        "Er ist gehindert.",
        "Die Unterschrift fehlt.",
    ],
)
def test_no_signature(line: str) -> None:
    assert not cleaning.is_signature(line)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Die Kosten trägt er. Roth Kern von Amsberg", "Die Kosten trägt er."),
        ("Dazu hat er vorzutragen. C. RothKernWeiß Amsberg", "Dazu hat er vorzutragen."),
        ("Die Kosten trägt er (§ 97 ZPO). Roth", "Die Kosten trägt er (§ 97 ZPO)."),
        ("Die Kosten trägt er nach § 97 ZPO.", "Die Kosten trägt er nach § 97 ZPO."),
        ("Der Zeuge Roth", "Der Zeuge Roth"),
    ],
)
def test_drop_inline_signature(text: str, expected: str) -> None:
    assert cleaning.drop_inline_signature(text) == expected


@pytest.mark.parametrize(
    "text", ["XXX " * 24 + "nicht;", "A. " * 20_000, "Dr. von A/" * 5_000, "… " * 20_000, "v. " * 20_000]
)
def test_a_row_of_names_costs_linear_time(text: str) -> None:
    begin = time.process_time()
    cleaning.is_signature(text)
    cleaning.is_signature(text + "nicht;")
    cleaning.drop_inline_signature(text)
    cleaning.drop_inline_signature(text + "nicht;")
    assert time.process_time() - begin < 0.5


@pytest.mark.parametrize("run", ["\u0301\u0316", "\u0316\u0301", "\u0f73", "\u0345\u0301"])
def test_a_run_of_combining_marks_costs_linear_time(run: str) -> None:
    begin = time.process_time()
    assert cleaning.clean("Aber" + run * 50_000 + " Ende").endswith(" Ende")
    assert time.process_time() - begin < 0.5


def test_marks_and_symbols_of_long_texts_stay() -> None:
    text = "Mu\u0308ller " + "→" * 40 + " ש\u05b8\u05c1 " + "Wort " * 1_500
    assert cleaning.clean(text) == unicodedata.normalize("NFC", text).strip()
