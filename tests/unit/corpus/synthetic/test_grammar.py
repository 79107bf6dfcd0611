from __future__ import annotations

import random
from datetime import date

import pytest

from legaltune.corpus.synthetic import grammar
from legaltune.corpus.synthetic.grammar import Noun


def test_noun_declines_by_gender() -> None:
    masculine, feminine = Noun.parse("m:Bagger:Baggers"), Noun.parse("f:Klägerin")
    assert (masculine.nom, masculine.gen, masculine.dat, masculine.akk) == (
        "der Bagger",
        "des Baggers",
        "dem Bagger",
        "den Bagger",
    )
    assert (feminine.nom, feminine.gen, feminine.dat, feminine.akk) == (
        "die Klägerin",
        "der Klägerin",
        "der Klägerin",
        "die Klägerin",
    )
    assert (masculine.einen, feminine.einem, masculine.ihm, feminine.sein) == (
        "einen Bagger",
        "einer Klägerin",
        "ihm",
        "ihr",
    )


def test_noun_with_cases_of_its_own() -> None:
    defendant = Noun.parse("m:Beklagte:Beklagten:Beklagten:Beklagten")
    assert (defendant.Nom, defendant.Gen, defendant.Dat) == ("Der Beklagte", "Des Beklagten", "Dem Beklagten")


def test_render_chooses_fills_and_capitalises() -> None:
    values = {"K": Noun.parse("f:Klägerin")}
    text = grammar.render("{K.nom} [ging|lief [schnell|langsam]].", values, random.Random(0))
    assert text in {"Die Klägerin ging.", "Die Klägerin lief schnell.", "Die Klägerin lief langsam."}


def test_render_uses_every_alternative() -> None:
    texts = {grammar.render("[a|b|]c", {}, random.Random(seed)) for seed in range(50)}
    assert texts == {"Ac", "Bc", "C"}


@pytest.mark.parametrize(("number", "text"), [(2, "zwei"), (12, "zwölf"), (13, "13"), (1200, "1.200")])
def test_number_word(number: int, text: str) -> None:
    assert grammar.number_word(number) == text


def test_amounts_and_dates() -> None:
    assert grammar.format_euros(12400) == "12.400 €"
    assert grammar.format_date(date(2020, 3, 3)) == "3. März 2020"


def test_next_working_day_skips_the_weekend() -> None:
    assert grammar.next_working_day(date(2024, 3, 2)) == date(2024, 3, 4)
    assert grammar.next_working_day(date(2024, 3, 4)) == date(2024, 3, 4)
