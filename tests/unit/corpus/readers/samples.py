"""One small valid document of each format, in our own words."""

from __future__ import annotations

import json

from tests.unit.corpus.readers.pages import BAG, BAYERN, BFH, BVERFG, BVERWG, PLAIN

PAGES = [BVERWG, BAYERN, BAG, BFH, BVERFG, PLAIN]

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

BYRECHT_TEMPLATE = """<?xml version="1.0" encoding="iso-8859-1"?>
<byrecht-rspr doknr="Y-1"><metadaten><aktenzeichen ersatz="3K12">3 K 12/18</aktenzeichen><doktyp>Bes</doktyp>
<entsch-datum ersatz="20181121">2018-11-21</entsch-datum>
<gericht><gertyp>OLG</gertyp><gerort>Musterstadt</gerort></gericht>
<gerichtsbarkeit>Ordentliche Gerichtsbarkeit</gerichtsbarkeit>
<norm><normabk/><normgliederung><enbez>MustG § 4, § 5 Abs. 1</enbez></normgliederung></norm>
<spruchkoerper>3. Zivilsenat</spruchkoerper></metadaten><textdaten>
<tenor><body><div><p>Die Beschwerde kostet 5 &#x20AC;.</p></div></body></tenor>
<gruende><body><div><p>I.</p>{body}</div></body></gruende>
<leitsatz><body><div><span>1.</span><p>Muster gelten. (Rn. 1)</p></div></body></leitsatz>
<leitsatz><body><div><span>2.</span><p>Überall.</p></div></body></leitsatz>
<titelzeile><body><div><p>Streit um ein Muster</p></div></body></titelzeile></textdaten></byrecht-rspr>"""

BYRECHT = BYRECHT_TEMPLATE.format(
    body='<p><rd nr="1" />Die Beschwerde (<verweis.norm>§ 4 MustG</verweis.norm>) ist unbegründet.</p>'
).encode()

CASE_RECORD = {
    "id": 17,
    "slug": "vg-musterstadt-2024-02-29-3-k-1223",
    "court": {"name": "Verwaltungsgericht Musterstadt", "jurisdiction": "Verwaltungsgerichtsbarkeit"},
    "file_number": "3 K 12/23",
    "date": "2024-02-29",
    "type": "Beschluss",
    "ecli": "",
    "content": "<h2>Tenor</h2><p>Abgewiesen.</p><h2>Gründe</h2>"
    '<dl><dt><a name="rd_1">1</a></dt><dd><p>Darum.</p></dd></dl>',
}

CASE = json.dumps(CASE_RECORD, ensure_ascii=False).encode()

PAGE_TEMPLATE = """<html><title>LG Musterstadt, Urteil vom 1. Februar 2010 - 5 O 12/09</title>
<h2>Tenor</h2>{body}<h2>Gründe</h2>{body}</html>"""

ALL = [RII, GII, PORTAL, BYRECHT, CASE, *(page.encode() for page in PAGES)]
