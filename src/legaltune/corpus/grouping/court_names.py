"""One name for each court: "OVG Magdeburg" is "Oberverwaltungsgericht des Landes Sachsen-Anhalt"."""

from __future__ import annotations

import re
from functools import lru_cache

# The kinds of courts, the longer names first. A federal court needs no place.
_FEDERAL = (
    ("BVerfG", "bundesverfassungsgericht|bverfg"),
    ("BVerwG", "bundesverwaltungsgericht|bverwg"),
    ("BPatG", "bundespatentgericht|bpatg"),
    ("BGH", "bundesgerichtshof|bgh"),
    ("BAG", "bundesarbeitsgericht|bag"),
    ("BSG", "bundessozialgericht|bsg"),
    ("BFH", "bundesfinanzhof|bfh"),
    ("EuGH", "europ[aä]ischer gerichtshof(?! für)|gerichtshof der europ[aä]ischen union|eugh"),
    ("EuG", "gericht der europ[aä]ischen union|eug"),
    ("BayObLG", "bay(?:er)?(?:isches)? ?oberstes landesgericht|bayoblg"),
    ("KG", "kammergericht|kg"),
)
# Some Länder call their OVG Verwaltungsgerichtshof (VGH); in Rheinland-Pfalz a VGH is the constitutional court.
_LOCAL = (
    ("VerfGH", r"verfassungsgericht(?:shof)?|staatsgerichtshof|vgh(?= koblenz| rheinland)|l?verfgh?|vfgh|stgh"),
    ("OVG", "oberverwaltungsgericht|verwaltungsgerichtshof|ovg|vgh"),
    ("LAG", "landesarbeitsgericht|lag|larbg"),
    ("LSG", "landessozialgericht|lsg"),
    ("OLG", "oberlandesgericht|olg"),
    ("VG", "verwaltungsgericht|vg"),
    ("ArbG", "arbeitsgericht|arbg"),
    ("SG", "sozialgericht|sg"),
    ("FG", "finanzgericht|fg"),
    ("LG", "landgericht|lg"),
    ("AG", "amtsgericht|ag"),
    ("VK", "vergabekammer|vk"),
    ("TDG", "truppendienstgericht|tdg"),
)
_KINDS = tuple(
    (kind, is_federal, re.compile(rf"(?:(?<!\w)|(?<=bay)|(?<=landes))(?:{names})(?!\w)"))
    for is_federal, kinds in ((True, _FEDERAL), (False, _LOCAL))
    for kind, names in kinds
)
_LAENDER = tuple(
    (land, re.compile(names))
    for land, names in (
        ("BB", r"(?<!berlin-)brandenburg"),
        ("BE", r"berlin"),
        ("BW", r"baden-württemberg|(?<!\w)bw(?!\w)|baden-württembergisch"),
        ("BY", r"bayern|bayerisch|(?<!\w)bay"),
        ("HB", r"bremen|bremisch"),
        ("HH", r"hamburg|^hanseatisches$"),
        ("HE", r"hessen|hessisch"),
        ("MV", r"mecklenburg|(?<!\w)m-v(?!\w)"),
        ("NI", r"niedersachsen|niedersächsisch"),
        ("NW", r"nordrhein-westfalen|(?<!\w)nr?w(?!\w)"),
        ("RP", r"rheinland-pfalz|rheinland-pfälzisch"),
        ("ST", r"sachsen-anhalt"),
        ("SL", r"saarland|saarländisch"),
        ("SN", r"(?<!nieder)(?:sachsen(?!-anhalt)|sächsisch)"),
        ("SH", r"schleswig-holstein"),
        ("TH", r"thüringen|thüringer"),
    )
)
# Seats of the courts of which a Land has one, in any of its names.
_SEATS = {
    "OVG": "BW mannheim, BY münchen, BB berlin, BE berlin, HB bremen, HH hamburg, HE kassel, MV greifswald, "
    "NI lüneburg, NW münster, RP koblenz, SL saarlouis, SN bautzen, ST magdeburg, SH schleswig, TH weimar",
    "VerfGH": "BW stuttgart, BY münchen, BB potsdam, BE berlin, HB bremen, HH hamburg, HE wiesbaden, MV greifswald, "
    "NI bückeburg, NW münster, RP koblenz, SL saarbrücken, SN leipzig, ST dessau-roßlau, SH schleswig, TH weimar",
    "OLG": "BB brandenburg, HB bremen, HH hamburg, HE frankfurt, MV rostock, SL saarbrücken, SN dresden, ST naumburg, "
    "SH schleswig, TH jena",
    "LAG": "BW stuttgart, BB berlin, BE berlin, HB bremen, HH hamburg, HE frankfurt, MV rostock, NI hannover, "
    "RP mainz, SL saarbrücken, SN chemnitz, ST halle, SH kiel, TH erfurt",
    "LSG": "BW stuttgart, BY münchen, BB potsdam, BE potsdam, HB celle, HH hamburg, HE darmstadt, MV neustrelitz, "
    "NI celle, NW essen, RP mainz, SL saarbrücken, SN chemnitz, ST halle, SH schleswig, TH erfurt",
    "FG": "BW stuttgart, BB cottbus, BE cottbus, HB bremen, HH hamburg, HE kassel, MV greifswald, NI hannover, "
    "RP neustadt, SL saarbrücken, SN leipzig, ST dessau-roßlau, SH kiel, TH gotha",
    "VG": "BE berlin, HB bremen, HH hamburg, SL saarlouis, SH schleswig",
    "SG": "BE berlin, HB bremen, HH hamburg, SL saarbrücken",
    "ArbG": "BE berlin, HH hamburg",
}
_SEAT = {kind: dict(entry.split() for entry in seats.split(", ")) for kind, seats in _SEATS.items()}
# "Frankfurt am Main", "Halle (Saale)", "Weiden i.d. OPf."; but Frankfurt (Oder) is another town than Frankfurt.
_RIVER = re.compile(r"(?<=\w)(?:\s*\((?!oder).*|\s+(?:am|im|an\sder|in\sder)\s.*|\s+[ai]\.\s?.*|/main)$")
_PANEL = re.compile(r"[\s,]*\(?\d{1,2}\.\s*(?:\w*senat|\w*kammer).*")
_NO_PLACE = re.compile(
    r"[(),.]|(?<!\w)(?:d(?:as|er|es)|für|in|am?|an|im|freien?|und|hansestadt|stadt|land(?:es)?)(?!\w)"
)
_ADJECTIVE = re.compile(r"(?<!\w)[\w-]+(?:isches|thüringer)(?!\w)")


@lru_cache(maxsize=4096)
def canonical_court(printed: str) -> str | None:
    """Kind and seat of a court ("OVG magdeburg"), a federal court by its abbreviation alone.

    Returns:
        None where no kind of court is named, or one of which there are many without its place.
    """
    name = _PANEL.sub("", " ".join(printed.lower().split()))
    for kind, is_federal, pattern in _KINDS:
        if match := pattern.search(name):
            if is_federal:
                return kind
            place = _place(kind, f"{name[: match.start()]} {name[match.end() :]}".strip())
            return f"{kind} {place}" if place else None
    return None


def _place(kind: str, words: str) -> str:
    """The seat of a court of which its Land has one, else the place as printed without adjectives and particles."""
    seats = _SEAT.get(kind, {})
    for land, pattern in _LAENDER:
        if land in seats and pattern.search(words):
            return seats[land]
    place = " ".join(_ADJECTIVE.sub(" ", _NO_PLACE.sub(" ", _RIVER.sub("", words))).split())
    return next((seat for seat in seats.values() if place.startswith(seat)), place)
