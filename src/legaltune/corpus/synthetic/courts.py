"""Courts, file numbers, ECLIs and citations of the invented decisions."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from legaltune.corpus.synthetic import grammar
from legaltune.corpus.synthetic.grammar import Noun
from legaltune.corpus.synthetic.model import Branch
from legaltune.corpus.synthetic.resources import load_data

_FIRST_ECLI_YEAR = 2015
_OTHER_THAN_FILE_NUMBER = re.compile(r"[^A-Za-z0-9.]")
_FIRST_DOCUMENT_NUMBER = 3_000_000


@dataclass(frozen=True, slots=True)
class Court:
    """A court of last instance.

    Attributes:
        name: Short name ("BGH").
        doknr: Prefix of its document numbers.
        weight: Share of the corpus.
        panels: Names of the panels with their sign in file numbers.
        forms: Procedural forms with the pattern of their file numbers.
        ecli: Pattern of its ECLIs.
        below: Courts below, from the first instance up, one tuple for each district.
        below_numbers: Patterns of the file numbers of the courts below.
    """

    name: str
    doknr: str
    weight: int
    panels: Mapping[str, str]
    forms: Mapping[str, str]
    ecli: str
    below: tuple[tuple[str, ...], ...]
    below_numbers: tuple[str, ...]

    def file_number(self, form: str, panel: str, year: int, rng: random.Random) -> str:
        """A file number of this court."""
        return self.forms[form].format(s=self.panels[panel], n=rng.randint(2, 640), y=f"{year % 100:02d}")


@lru_cache(maxsize=1)
def load_courts() -> Mapping[Branch, Court]:
    """The court of each branch."""
    raw = load_data("courts.yaml")
    return {branch: _court(raw[branch.name]) for branch in Branch}


@lru_cache(maxsize=1)
def load_judges() -> tuple[str, ...]:
    """Invented names of judges."""
    return tuple(load_data("courts.yaml")["judges"])


def court_noun(name: str) -> Noun:
    """A court below as a noun: "Hessisches Landessozialgericht" gives "das Hessische Landessozialgericht"."""
    body, genitive = name, name.replace("gericht", "gerichts", 1)
    gender = "n"
    if "gerichtshof" in name:
        gender, genitive = "m", name.replace("gerichtshof", "gerichtshofs", 1)
    if name.endswith("amt"):
        genitive = f"{name}s"
    if name.split(maxsplit=1)[0].endswith("sches"):
        body = name.replace("sches ", "sche ", 1)
        return grammar.noun(
            f"n:{body}:{genitive.replace('sches ', 'schen ', 1)}:{name.replace('sches ', 'schen ', 1)}:{body}"
        )
    return grammar.noun(f"{gender}:{body}:{genitive}")


def document_number(court: Court, index: int, decided: date) -> str:
    """A document number as rii-dok has them: four letters and nine digits, unique by `index`."""
    return f"{court.doknr}{_FIRST_DOCUMENT_NUMBER + index:07d}{decided.year % 100:02d}"


def ecli(court: Court, file_number: str, decided: date, decision_type: str) -> str | None:
    """The ECLI of a decision; there is none before 2015."""
    if decided.year < _FIRST_ECLI_YEAR:
        return None
    is_judgment = decision_type == "Urteil"
    compact = _OTHER_THAN_FILE_NUMBER.sub("", file_number.replace("/", "."))
    number, year = (re.findall(r"\d+", file_number) or ["", ""])[-2:]
    return court.ecli.format(
        date=decided,
        letter="U" if is_judgment else "B",
        chamber="rs" if is_judgment else "rk",
        compact=compact,
        plain=compact.replace(".", ""),
        register=f"{file_number[0]}bvr{int(number):04d}{year}",
    )


def citation(court: Court, before: date, rng: random.Random) -> str:
    """An earlier decision of the court as its decisions cite it; the constitutional court cites its reports by page."""
    if court.name == "BVerfG":
        page = rng.randint(1, 380)
        return f"BVerfGE {rng.randint(20, 148)}, {page} <{page + rng.randint(2, 30)}>"
    decided = grammar.next_working_day(before - timedelta(days=rng.randint(200, 4000)))
    panel = rng.choice(list(court.panels))
    number = court.file_number(next(iter(court.forms)), panel, decided.year - 1, rng)
    kind = "Urteil" if next(iter(court.forms)) == "revision" else "Beschluss"
    return f"{court.name}, {kind} vom {grammar.format_date(decided)} - {number}, Rn. {rng.randint(8, 42)}"


def _court(raw: dict[str, object]) -> Court:
    panels, below = raw["panels"], raw["below"]
    forms, numbers = raw["forms"], raw["below_numbers"]
    assert (
        isinstance(panels, dict) and isinstance(below, list) and isinstance(forms, dict) and isinstance(numbers, list)
    )
    return Court(
        name=str(raw["court"]),
        doknr=str(raw["doknr"]),
        weight=int(str(raw["weight"])),
        panels={name: str(sign) for name, sign in panels.items()},
        forms=forms,
        ecli=str(raw["ecli"]),
        below=tuple(tuple(names.split(", ")) for names in below),
        below_numbers=tuple(numbers),
    )
