from __future__ import annotations

import time

import pytest

from legaltune.corpus.outcome import Outcome, read_outcome
from tests.unit.corpus.cases import paragraphs

COSTS = "2. Die Kosten des Verfahrens trägt der Kläger."
APPEAL = (
    "Auf die Revision des Klägers wird das Urteil des Oberlandesgerichts M vom 2. Juli 2021 - 3 U 4/20 - aufgehoben."
)
REMAND = "Die Sache wird zur neuen Verhandlung und Entscheidung, auch über die Kosten, an das Gericht zurückverwiesen."


@pytest.mark.parametrize(
    ("tenor", "outcome"),
    [
        (["1. Die Klage wird abgewiesen.", COSTS], Outcome.ZURUECKGEWIESEN),
        (["Der Antrag auf Zulassung der Berufung wird abgelehnt."], Outcome.ZURUECKGEWIESEN),
        (["Die Berufung des Klägers wird auf seine Kosten zurückgewiesen."], Outcome.ZURUECKGEWIESEN),
        (["Die Revision gegen das Urteil des Landgerichts wird nicht zugelassen."], Outcome.ZURUECKGEWIESEN),
        (["Die Revision des Angeklagten wird als unbegründet verworfen."], Outcome.ZURUECKGEWIESEN),
        (["Die Revision der Staatsanwaltschaft wird verworfen."], Outcome.ZURUECKGEWIESEN),
        (["Die Berufung der Beklagten wird als unzulässig verworfen."], Outcome.VERWORFEN),
        (["Die Beschwerde der Antragstellerin wird verworfen.", COSTS], Outcome.VERWORFEN),
        (["Die Klage wird als unzulässig abgewiesen."], Outcome.VERWORFEN),
        (["Die Verfassungsbeschwerde wird nicht zur Entscheidung angenommen."], Outcome.NICHT_ANGENOMMEN),
        (["Das Verfahren wird eingestellt.", COSTS], Outcome.ERLEDIGT),
        (["Das Revisionsverfahren wird eingestellt.", COSTS], Outcome.ERLEDIGT),
        (["Die Klage ist zurückgenommen."], Outcome.ERLEDIGT),
        (["Die Beklagte wird verurteilt, an den Kläger 500 Euro zu zahlen."], Outcome.STATTGEGEBEN),
        (["Der Bescheid des Beklagten vom 3. März 2020 wird aufgehoben."], Outcome.STATTGEGEBEN),
        (["Die aufschiebende Wirkung des Widerspruchs wird wiederhergestellt."], Outcome.STATTGEGEBEN),
        (
            ["Die Beklagte wird verurteilt, 500 Euro zu zahlen.", "Im Übrigen wird die Klage abgewiesen."],
            Outcome.TEILWEISE_STATTGEGEBEN,
        ),
        (
            ["Der Beklagte wird - unter Klageabweisung im Übrigen - verurteilt, 500 Euro zu zahlen."],
            Outcome.TEILWEISE_STATTGEGEBEN,
        ),
        ([APPEAL, "Die Klage wird abgewiesen."], Outcome.STATTGEGEBEN),
        ([APPEAL, "Die Berufung der Beklagten wird zurückgewiesen."], Outcome.STATTGEGEBEN),
        ([APPEAL, REMAND], Outcome.ZURUECKVERWIESEN),
        ([APPEAL, REMAND, "Die weitergehende Revision wird zurückgewiesen."], Outcome.TEILWEISE_STATTGEGEBEN),
        (
            [
                "Auf die Revision des Klägers wird - unter deren Zurückweisung im Übrigen - das Urteil aufgehoben.",
                REMAND,
            ],
            Outcome.TEILWEISE_STATTGEGEBEN,
        ),
        (
            ["Der Antrag auf Prozesskostenhilfe wird abgelehnt.", "Die Beschwerde des Klägers wird verworfen."],
            Outcome.VERWORFEN,
        ),
        (["Der Antrag auf Bewilligung von Prozesskostenhilfe wird abgelehnt."], Outcome.ZURUECKGEWIESEN),
        ([f"1. {APPEAL} 2. Die weitergehende Revision wird verworfen. 3. {REMAND}"], Outcome.TEILWEISE_STATTGEGEBEN),
        (["Die Beschwerden gegen den Beschluss vom", "4. Juni 2015 werden zurückgewiesen."], Outcome.ZURUECKGEWIESEN),
    ],
)
def test_outcome_of_the_main_matter(tenor: list[str], outcome: Outcome) -> None:
    assert read_outcome(paragraphs(*tenor)) is outcome


@pytest.mark.parametrize(
    "tenor",
    [
        [],
        [COSTS, "Der Streitwert wird auf 500 Euro festgesetzt.", "Die Revision wird nicht zugelassen."],
        ["Der Senat beabsichtigt, die Berufung durch Beschluss zurückzuweisen."],
        ["Der Angeklagte wird wegen Diebstahls zu einer Geldstrafe verurteilt."],
        ["Die sofortige Beschwerde des Verurteilten wird verworfen."],
        ["Die Klage wird abgewiesen.", "Auf die Widerklage wird der Kläger verurteilt, 10 Euro zu zahlen."],
        ["Die Beschwerde wird zurückgewiesen.", "Die weitere Beschwerde wird als unzulässig verworfen."],
        ["Soweit die Klage zurückgenommen wurde, wird das Verfahren eingestellt.", "Die Klage wird abgewiesen."],
        ["Die Urkunde bleibt in Verwahrung.", "Im Übrigen wird die Klage abgewiesen."],
        [APPEAL, "Die Revision der Beklagten wird zurückgewiesen."],
        [APPEAL, "Im Übrigen wird die Klage abgewiesen."],
        ["Auf die Revision des Klägers wird das Urteil teilweise aufgehoben."],
        [
            "Auf die Revision des Klägers wird das Urteil unter Zurückweisung der Revision der Beklagten aufgehoben.",
            REMAND,
        ],
        ["Die Beklagte wird verurteilt, 500 Euro zu zahlen.", "Die Kosten tragen der Kläger zu 30 % und sie zu 70 %."],
    ],
)
def test_no_outcome_where_the_tenor_does_not_say_it_plainly(tenor: list[str]) -> None:
    assert read_outcome(paragraphs(*tenor)) is None


def test_a_subordinate_clause_decides_nothing() -> None:
    tenor = "Auf die Beschwerde wird der Beschluss aufgehoben, soweit der Antrag zurückgewiesen worden ist."
    assert read_outcome(paragraphs(tenor)) is Outcome.STATTGEGEBEN


def test_the_end_of_a_long_sentence_counts() -> None:
    listed = "Muster, " * 1_000
    assert (
        read_outcome(paragraphs(f"Die Klage auf Herausgabe von {listed} wird abgewiesen.")) is Outcome.ZURUECKGEWIESEN
    )


@pytest.mark.parametrize(
    "piece", ["wird ", "Klage ", "gegen ", "Bescheid ", "; ", "und im übrigen ", "a\n", "Beiladung; "]
)
def test_a_long_tenor_costs_linear_time(piece: str) -> None:
    begin = time.process_time()
    read_outcome(paragraphs(piece * (60_000 // len(piece))))
    assert time.process_time() - begin < 1
