"""The court that a European Case Law Identifier names: the code behind "ECLI:DE:".

Most courts shorten their place as they like ("OLGKARL"); only a code that cannot mean two courts is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from legaltune.corpus.readers.facts import FEDERAL_COURTS

_COURT_CODE = re.compile(r"ECLI:DE:([A-Z]{2,24}):", re.IGNORECASE | re.ASCII)
_CODE = re.compile(r"(?P<kind>OLG|LG|AG|OVG|VGH|VG|ARBG|LAG|SG|LSG|FG)(?P<place>[A-Z]+)")
_WHOLE_CODES = {
    **{court.upper(): court for court in FEDERAL_COURTS.values()},
    "KG": "KG",
    "BAYOBLG": "BayObLG",
    "OLGHAM": "OLG Hamm",
    "OLGK": "OLG Köln",
    "OLGD": "OLG Düsseldorf",
    "OLGKARL": "OLG Karlsruhe",
    "VGHBW": "VGH Baden-Württemberg",
    "OVGNRW": "OVG Nordrhein-Westfalen",
    "LSGNRW": "LSG Nordrhein-Westfalen",
}  # fmt: skip
_KINDS = {"ARBG": "ArbG"}
# Seats of courts of more than one kind, written out; a place that is not here may be a shortened one.
_PLACES = (
    "Aachen", "Augsburg", "Bamberg", "Berlin", "Bielefeld", "Bochum", "Bonn", "Brandenburg", "Braunschweig", "Bremen",
    "Celle", "Chemnitz", "Darmstadt", "Dortmund", "Dresden", "Duisburg", "Düsseldorf", "Erfurt", "Essen", "Flensburg",
    "Freiburg", "Gelsenkirchen", "Gera", "Hagen", "Halle", "Hamburg", "Hamm", "Hannover", "Jena", "Karlsruhe",
    "Kassel", "Kiel", "Kleve", "Koblenz", "Köln", "Krefeld", "Leipzig", "Lübeck", "Lüneburg", "Magdeburg", "Mainz",
    "Mannheim", "Minden", "Münster", "München", "Naumburg", "Nürnberg", "Oldenburg", "Osnabrück", "Paderborn",
    "Potsdam", "Regensburg", "Rostock", "Saarbrücken", "Schleswig", "Schwerin", "Siegen", "Sigmaringen", "Stade",
    "Stuttgart", "Trier", "Verden", "Weimar", "Wiesbaden", "Wuppertal", "Würzburg", "Zweibrücken",
)  # fmt: skip
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_PLACE_OF_CODE: Mapping[str, str] = {place.translate(_UMLAUTS).upper(): place for place in _PLACES}


def court_of_ecli(ecli: str) -> str | None:
    """The court of an ECLI, or None where its code is not certain.

    >>> court_of_ecli("ECLI:DE:BGH:2018:050618UXIZR790.16.0"), court_of_ecli("ECLI:DE:LGKOELN:2018:0101.1O1.18.00")
    ('BGH', 'LG Köln')
    """
    match = _COURT_CODE.match(ecli)
    code = match[1].upper() if match else ""
    if code in _WHOLE_CODES:
        return _WHOLE_CODES[code]
    parts = _CODE.fullmatch(code)
    place = _PLACE_OF_CODE.get(parts["place"]) if parts else None
    return f"{_KINDS.get(parts['kind'], parts['kind'])} {place}" if parts and place else None
