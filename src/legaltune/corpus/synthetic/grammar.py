"""German surface forms: declined nouns, dates, amounts, number words and templates with alternatives.

A template is a `str.format` string in which `[a|b]` stands for one of its alternatives (they may be nested).
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from legaltune.corpus.patterns import MONTHS

_ALTERNATIVES = re.compile(r"\[([^\[\]]*)\]")
_ARTICLES = {"m": "der des dem den", "f": "die der der die", "n": "das des dem das"}
_INDEFINITE = {"m": "ein eines einem einen", "f": "eine einer einer eine", "n": "ein eines einem ein"}
_PRONOUNS = {"m": "er ihm ihn sein", "f": "sie ihr sie ihr", "n": "es ihm es sein"}
SATURDAY = 5
_NUMBER_WORDS = [
    "null",
    "ein",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
]


@dataclass(frozen=True, slots=True)
class Noun:
    """A German noun with the forms that templates ask for: `{K.nom}`, `{K.Gen}`, `{K.einem}`, `{K.sein}`.

    `sein` is the stem of the possessive ("sein", "ihr"), to which templates append the ending; `rel` is the relative
    pronoun in the nominative.
    """

    word: str
    nom: str
    gen: str
    dat: str
    akk: str
    ein: str
    eines: str
    einem: str
    einen: str
    er: str
    ihm: str
    ihn: str
    sein: str
    rel: str
    Nom: str
    Gen: str
    Dat: str
    Akk: str
    Ein: str
    Er: str

    @classmethod
    def parse(cls, notation: str) -> Noun:
        """Read `gender:nominative[:genitive[:dative[:accusative]]]`, the missing cases being as the nominative."""
        gender, word, *cases = notation.split(":")
        cases = [*cases, *[word] * (3 - len(cases))]
        words = (word, *cases)
        nom, gen, dat, akk = (
            f"{article} {form}" for article, form in zip(_ARTICLES[gender].split(), words, strict=True)
        )
        ein, eines, einem, einen = (
            f"{article} {form}" for article, form in zip(_INDEFINITE[gender].split(), words, strict=True)
        )
        er, ihm, ihn, sein = _PRONOUNS[gender].split()
        capitals = [capitalized(form) for form in (nom, gen, dat, akk, ein, er)]
        return cls(word, nom, gen, dat, akk, ein, eines, einem, einen, er, ihm, ihn, sein, nom.split()[0], *capitals)


@cache
def noun(notation: str) -> Noun:
    """The noun of a notation, parsed once."""
    return Noun.parse(notation)


def capitalized(text: str) -> str:
    """The text with its first letter in upper case, the rest untouched."""
    return text[:1].upper() + text[1:]


def next_working_day(day: date) -> date:
    """The day itself, or the Monday after it when it falls on a weekend."""
    return day + timedelta(days=7 - day.weekday() if day.weekday() >= SATURDAY else 0)


def format_date(day: date) -> str:
    """A date as decisions print it: "3. März 2020"."""
    return f"{day.day}. {MONTHS[day.month - 1]} {day.year}"


def format_euros(amount: int) -> str:
    """An amount of whole euros: "12.400 €"."""
    return f"{format_number(amount)} €"


def format_number(number: int) -> str:
    """A number with points between thousands."""
    return f"{number:,}".replace(",", ".")


def number_word(number: int) -> str:
    """Numbers up to twelve in words, others in digits, as German texts print them."""
    return _NUMBER_WORDS[number] if number < len(_NUMBER_WORDS) else format_number(number)


def fill(template: str, values: Mapping[str, object], rng: random.Random) -> str:
    """Choose among the alternatives of a template, then fill its fields."""
    text = template
    while "[" in text:
        text = _ALTERNATIVES.sub(lambda match: rng.choice(match[1].split("|")), text)
    return " ".join(text.format_map(values).split())


def render(template: str, values: Mapping[str, object], rng: random.Random) -> str:
    """A filled template that begins with a capital, as a sentence does."""
    return capitalized(fill(template, values, rng))
