"""Pages of courts in our own words, with the markup that their sites use."""

from __future__ import annotations

BVERWG = """<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><title>BVerwG 9 A 1.24</title></head><body>
<nav><a href="/">Start</a></nav><main>
<div class="vfninfo target hiddendata"><h2 class="h1">Verfahrensinformation</h2><p>Worum es geht.</p></div>
<span id="a" class="target hiddendata"><div class="row entscheidung"><div class="rubrum"><p>Anderes.</p></div>
<div class="rdn" data-rdn="1"><p>Gehört nicht hierher.</p></div></div></span>
<span id="b" class="target
    "><div class="row"><h2 class="h1"> Urteil vom 01.02.2024 -<br/> BVerwG 9 A 1.24<span
 class="inconsolata">ECLI:DE:BVerwG:2024:010224U9A1.24.0</span></h2><button title="Urteil drucken">EN</button></div>
<h2 class="unline">Muster im Verwaltungsrecht</h2>
<div class="entscheidung"><p><strong>Leits&auml;tze:</strong> <br/></p><p> 1.&nbsp;Muster sind frei. </p>
<p>2. Immer.</p>
<ul class="accordeon"><li><h5>Rechtsquellen</h5><table class="rq"><tr><td class="rq">MustG </td>
<td class="rq">§ 3 Abs. 4,
 § 5</td></tr></table></p></li></ul></div>
<div class="row entscheidung"><div class="entscheidung"><h2 class="entscheidung-upper"> Urteil </h2></div>
<div class="az"><p>BVerwG 9 A 1.24 </p><ul><li>
<div class="instanz">VG Musterstadt - 19.11.2021 - AZ: 9 K 45/21</div></li>
</ul></div>
<div class="rubrum"><p>In der Verwaltungsstreitsache hat der 9. Senat des Bundesverwaltungsgerichts<br />
für Recht erkannt:</p></div>
<div class="tenor"><p><ol><li>Die Klage wird abgewiesen.</li><li>Der Kläger trägt die Kosten.</li></ol></p></div>
<h2 class="entscheidung-zwischen">Gr&uuml;nde</h2><h2 class="entscheidung-zwischen-sub">I</h2>
<div class="rdn" data-rdn="1"><p class="text-justify"><span class="rdn">1</span> Der Kläger beantragt,<br/>
 alles zu ändern.</p></div><h2 class="entscheidung-zwischen">II</h2>
<div class="rdn" data-rdn="2"><p><span class="rdn">2</span> Die Klage ist unbegr&uuml;ndet.</p></div></div></span>
<aside>Dokumente zum Verfahren</aside></main></body></html>"""

BAYERN = """<!DOCTYPE html><html lang="de"><head><title>B&#xFC;rgerservice - VGH Musterstadt, Beschluss v. 26.07.2019
 &#x2013; 11 CS 19.1</title></head><body><form action="/Search"><nav>Suche</nav><div id="content" role="main">
<div id="doc-metadata"><b>VGH Musterstadt, Beschluss v. 26.07.2019 &#x2013; 11 CS 19.1</b></div>
<input id="linking" value="https://example.invalid/Content/Document/Y-300-Z-MUSTER-B-2019-N-1" />
<div class="cont"><div class="rsprbox"><div class="rsprboxueber">Titel:</div><h1 class="titelzeile">Ein Muster</h1>
<div class="rsprboxueber">Normenketten:</div><div class="rsprboxzeile">MustG § 2 Abs. 9,§ 3</div>
<div class="rsprboxueber">Leitsätze:</div>
<div class="leitsatz">1. Muster zählen. (Rn. 2) (redaktioneller Leitsatz)</div>
<div class="leitsatz">2. Immer.</div><div class="rsprboxueber">Vorinstanz:</div>
<div class="rsprboxzeile">VG Musterstadt vom 15.05.2019 – M 6 S 19.1</div></div>
<h2 class="entsueber">Tenor</h2><div class="rdblock"><div class="rd"></div><div class="absatz tenor">I. Nein.</div>
</div>
<h2 class="entsueber">Gründe</h2><div class="rdblock"><div class="rd"></div><div class="absatz gruende">I.</div></div>
<div class="rdblock"><div class="rd">1</div><div class="absatz gruende">Der Antragsteller will:</div></div>
<dl><dt>1.</dt><dd><div class="rd"></div><div class="absatz gruende">etwas</div></dd></dl>
<div class="rdblock"><div class="rd">2</div><div class="absatz gruende">Das ist unanfechtbar.</div></div></div></div>
<div class="row footer"><a href="/x">Impressum</a></div></form></body></html>"""

BAG = """<html><head><meta charset="utf-8"><title>1 AZR 2/20 - Das Bundesarbeitsgericht</title></head><body><main>
<h1>1 AZR 2/20</h1><p>Urteil | 1. Senat | 12.05.2021 | ECLI:DE:BAG:2021:120521.U.1AZR2.20.0</p>
<h2>Tenor</h2><p>1. Die Revision wird zurückgewiesen.</p><h2>Tatbestand</h2>
<dl class="content__dl"><dt>1</dt><dd id="rd-1"><p>Die Parteien streiten.</p></dd><dt>2</dt><dd id="rd-2">
<p>Die Klägerin hat beantragt,</p><blockquote><blockquote><p>die Beklagte zu verurteilen.</p></blockquote>
</blockquote></dd></dl>
<h2>Entscheidungsgründe</h2><dl class="content__dl"><dt></dt><dd><p>A.</p></dd>
<dt>3</dt><dd id="rd-3">Die Revision ist unbegründet.</dd></dl>
<table><tr><td>Roth</td><td>Kern</td><td>Amsberg</td></tr></table></main></body></html>"""

BFH = """<html><head><meta charset="utf-8"><title>Urteil VI R 99/99 - Bundesfinanzhof</title></head><body>
<header><nav>Navigation</nav></header><main><h1>Urteil vom 01. Januar 2023, VI R 99/99</h1>
<div class="m-article__body">
<p class="ecli highlighted">ECLI:DE:BFH:2023:U.010123.VIR99.99.0</p><p class="spruchkoerper">BFH VI. Senat</p>
<h2 class="a-headline__2">Leits&auml;tze</h2><div class="m-decisions"><p>Ein Muster&#8209;Zimmer zählt.</p></div>
<h2 class="a-headline__2">Tenor</h2><div class="m-decisions"><p>Die Revision wird zur&uuml;ckgewiesen.</p></div>
<h2 class="a-headline__2">Tatbestand</h2><div class="m-decisions"><h3>I.</h3><ol class="m-decisions__list">
<li class="m-decisions__item" data-rd="1"><p>Die Kl&auml;ger wohnen.</p></li>
<li class="m-decisions__item" data-rd="2"><p>Sie arbeiten.</p></li></ol></div>
<h2 class="a-headline__2">Entscheidungsgr&uuml;nde</h2><div class="m-decisions"><h3>II.</h3>
<ol class="m-decisions__list">
<li class="m-decisions__item" data-rd="3"><p>Die Revision ist unbegr&uuml;ndet.</p><p>Sie bleibt es.</p></li></ol>
</div>
</div></main><footer>Seite drucken</footer></body></html>"""

BVERFG = """<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><title>Bundesverfassungsgericht</title>
</head><body>
<header><nav><a href="/">Start</a></nav></header><main><h1>Beschluss vom 25. September 2019</h1>
<section><h2 class="l-widget__headline">Zitiervorschlag:</h2><div class="l-widget__content"><p>BVerfG, Beschluss der 1.
 Kammer des Zweiten Senats vom 25. September 2019 - 2 BvR 12/18 -, Rn. 1-4</p></div>
<h2 class="l-widget__headline">European Case Law Identifier (ECLI):</h2><div class="l-widget__content">
<p>ECLI:DE:BVerfG:2019:rk20190925.2bvr001218</p></div></section>
<div class="c-decision"><div class="c-decision__principles"><p>L e i t s ä t z e</p>
<p>zum Beschluss des Zweiten Senats vom 25. September 2019</p><p>- 2 BvR 12/18 -</p><p>1. Muster sind frei.</p></div>
<div class="c-decision__rubrum"><p>BUNDESVERFASSUNGSGERICHT</p><p>IM NAMEN DES VOLKES</p>
<p>In dem Verfahren über die Verfassungsbeschwerde des Herrn (…)</p><p>einstimmig beschlossen:</p></div>
<div class="c-decision__tenor"><ol><li>Die Verfassungsbeschwerde wird nicht angenommen.</li></ol></div>
<div class="c-decision__reasons"><h2>G r ü n d e :</h2><h3>I.</h3><p class="is-anchor" id="1">1</p>
<p class="justify">Der Beschwerdeführer rügt:</p><blockquote><p>Muster über alles.</p></blockquote><h3>II.</h3>
<p class="is-anchor" id="2"></p><p class="justify">Ohne Erfolg (vgl. BVerfGE 1, 2 &lt;3&gt;).</p></div>
<ul class="c-decision__judges"><li>Roth</li><li>Kern</li></ul>
<ul class="c-decision__sondervota"><li class="c-decision__sondervotum"><h2>Abweichende Meinung des Richters Roth</h2>
<p class="is-anchor" id="3">3</p><p class="justify">Ich sehe es anders.</p></li></ul></div></main>
<footer>Impressum</footer></body></html>"""

_OLD = '<div class="absatz"><div class="links"><p class="mitte">{}</p></div><div class="rechts">{}</div></div>\n'
BVERFG_OLD = (
    '<html><head><meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">'
    "<title>Bundesverfassungsgericht</title>"
    '</head><body><div id="navi" role="navigation"><a href="x">Suche</a></div><div class="entscheidung">'
    "<h2>Zitierung: BVerfG, 1 BvR 2/99 vom 12.3.2001, Absatz-Nr. (1 - 2)</h2>"
    + "".join(
        _OLD.format(text, number)
        for text, number in [
            ("BUNDESVERFASSUNGSGERICHT", ""),
            ("Im Namen des Volkes", ""),
            ("In dem Verfahren<br>des Herrn M...", ""),
            ("hat die 2. Kammer des Ersten Senats einstimmig beschlossen:", ""),
            ("Die Verfassungsbeschwerde wird nicht angenommen.", ""),
            ("G r &uuml; n d e :", ""),
            ("I.", ""),
            ("Der Beschwerdeführer rügt.", "1"),
            ("Diese Entscheidung ist unanfechtbar.", "2"),
        ]
    )
    + '<table summary="Unterschriften der Richter"><tr><td>Roth</td><td>Kern</td></tr></table></div></body></html>'
)

NRWE = """<html><head><title>Oberlandesgericht Musterhausen, 2 Ws 364/95</title></head><body>
<p class="screen"><a href="x">Seite drucken</a></p><h3>Oberlandesgericht Musterhausen, 2 Ws 364/95</h3>
<div class="maindiv"><div class="feldbezeichnung">Datum:</div><div class="feldinhalt">18.10.1995</div>
<div class="feldbezeichnung">Gericht:</div><div class="feldinhalt">Oberlandesgericht Musterhausen</div>
<div class="feldbezeichnung">Spruchkörper:</div><div class="feldinhalt">2. Strafsenat</div>
<div class="feldbezeichnung">Entscheidungsart:</div><div class="feldinhalt">Beschluss</div>
<div class="feldbezeichnung">Aktenzeichen:</div><div class="feldinhalt">2 Ws 364/95</div>
<div class="feldbezeichnung">ECLI:</div><div class="feldinhalt">ECLI:DE:OLGMU:1995:1018.2WS364.95.00</div></div>
<div class="maindiv"><div class="feldbezeichnung">Vorinstanz:</div>
<div class="feldinhalt">Landgericht Musterstadt, 14 (V) G 3/94</div></div>
<div class="maindiv"><div class="feldbezeichnung">Tenor:</div><div class="feldinhalt"><p>Verworfen.</p></div></div>
<div class="maindiv"><span class="absatzRechts">1</span><p class="absatzLinks"><b>Gr&#252;nde:</b></p>
<span class="absatzRechts">2</span><p class="absatzLinks">Der Beschwerdeführer will mehr.</p>
<span class="absatzRechts">3</span><p class="absatzLinks">Das gibt es nicht.</p></div></body></html>"""

JURIS = """<html><head><title>Landesrecht</title></head><body><table class="TableRahmenkpl">
<tr><td><b>Gericht:</b></td><td>VG Musterstadt 3. Kammer</td></tr>
<tr><td><b>Entscheidungsdatum:</b></td><td>02.03.2020</td></tr><tr><td><b>Aktenzeichen:</b></td><td>3 K 5/19</td></tr>
<tr><td>Dokumenttyp:</td><td>Urteil</td></tr><tr><td>Normen:</td><td>§ 1 MustG, § 2 MustG</td></tr></table>
<div class="docLayoutText"><h4 class="doc">Tenor</h4><div><dl class="RspDL"><dt></dt><dd><p>Abgewiesen.</p></dd>
</dl></div>
<h4 class="doc">Tatbestand</h4><div><dl class="RspDL"><dt><a name="rd_1">1</a></dt><dd><p>Der Kläger klagt.</p></dd>
</dl>
</div><h4 class="doc">Entscheidungsgründe</h4><div><dl class="RspDL"><dt><a name="rd_2">2</a></dt>
<dd><p>Die Klage ist unbegründet.</p></dd></dl></div></div></body></html>"""

PLAIN = """<html><head><title>LG Musterstadt - Urteil vom 1. Februar 2010 - 5 O 12/09</title></head><body>
<div id="menu"><ul><li><a href="a">Start</a></li></ul></div><p>LANDGERICHT MUSTERSTADT</p><p>IM NAMEN DES VOLKES</p>
<p>In dem Rechtsstreit</p><p>A. gegen B.</p><p>hat die 5. Zivilkammer für Recht erkannt:</p>
<p>Die Klage wird abgewiesen.</p><p>Tatbestand:</p><p>1 Die Klägerin begehrt Zahlung.</p>
<p>2 Der Beklagte tritt dem entgegen.</p><p>Entscheidungsgründe:</p><p>3 Die Klage ist unbegründet.<br>
<br>Sie kostet.</p>
<p>Dr. Roth Kern</p><p><a href="top">Nach oben</a></p></body></html>"""
