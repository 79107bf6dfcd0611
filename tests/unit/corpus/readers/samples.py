"""One small valid document of each format, in our own words."""

from __future__ import annotations

import json

RII_TEMPLATE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE dokument SYSTEM "http://www.rechtsprechung-im-internet.de/dtd/v1/rii-dok.dtd">
<dokument><doknr>KORE000000001</doknr><gertyp>BGH</gertyp><doktyp>Beschluss</doktyp>
<tenor><div>{body}</div></tenor><gruende><div>{body}</div></gruende></dokument>"""

RII = RII_TEMPLATE.format(
    body='<dl class="RspDL"><dt><a name="rd_1">1</a></dt><dd><p>Die Rüge greift nicht durch.</p></dd></dl>'
).encode()

GII_TEMPLATE = """<?xml version="1.0" encoding="UTF-8"?>
<dokumente doknr="BJNR000000001"><norm><metadaten><jurabk>MustG</jurabk><langue>Mustergesetz</langue></metadaten></norm>
<norm><metadaten><jurabk>MustG</jurabk><enbez>§ 1</enbez></metadaten>
<textdaten><text format="XML"><Content>{body}</Content></text></textdaten></norm></dokumente>"""

GII = GII_TEMPLATE.format(body="<P>(1) Muster gelten überall.</P>").encode()

PORTAL_RECORD = {
    "_id": "XX-1",
    "_source": "DE/Musterland",
    "_type": "case_law",
    "title": "Streit um ein Muster",
    "text": "Tenor\nDie Klage wird abgewiesen.\nGründe\n1\nDie Klage ist unbegründet.",
    "date": "2024-02-29",
    "court": "VG Musterstadt 3. Kammer",
    "chamber": "",
    "case_number": "3 K 12/23",
    "decision_type": "Beschluss",
    "ecli": "",
    "norms": "§ 1 MustG, § 2 MustG",
    "headnote": "",
    "summary": "",
}

PORTAL = json.dumps(PORTAL_RECORD, ensure_ascii=False).encode()

ALL = [RII, GII, PORTAL]
