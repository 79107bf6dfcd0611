from __future__ import annotations

from legaltune.config.schema import TaskName
from legaltune.corpus.document import Norm, SectionName
from legaltune.corpus.example import Example
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.tasks import TASKS, Limits, build_examples
from tests.unit.corpus.cases import make_decision, make_statute

INDEX = StatuteIndex.from_statutes(
    [make_statute("BGB", norms=[Norm("§ 823", "Schadensersatzpflicht", ("(1) Wer schädigt, ersetzt den Schaden.",))])]
)
ON_823 = (
    "Der Anspruch folgt aus § 823 Abs. 1 BGB. Der Beklagte hat den Zaun beschädigt und dies zu vertreten. "
    "§ 823 Abs. 1 BGB setzt voraus, dass ein absolutes Recht verletzt ist; das Eigentum am Zaun ist ein solches Recht. "
    "Der Beklagte hätte beim Zurücksetzen des Anhängers auf den Abstand achten müssen, was er nicht getan hat."
)
SECTIONS = {
    SectionName.LEITSATZ: ["Wer einen Zaun umfährt, haftet.", "Der Abstand ist zu prüfen."],
    SectionName.TENOR: ["Die Klage wird abgewiesen."],
    SectionName.TATBESTAND: ["Der Beklagte fuhr gegen den Zaun.", "Der Kläger verlangt Ersatz."],
    SectionName.ENTSCHEIDUNGSGRUENDE: ["Die Klage ist zulässig.", ON_823],
}


def by_task(examples: list[Example]) -> dict[TaskName, Example]:
    return {example.task: example for example in examples}


def test_a_whole_decision_yields_all_tasks() -> None:
    examples = build_examples(make_decision(SECTIONS), INDEX, limits=Limits())
    assert [example.task for example in examples] == list(TASKS)
    assert len({example.example_id for example in examples}) == len(examples)
    for example in examples:
        assert [message.role for message in example.messages] == ["system", "user", "assistant"]


def test_tasks_share_the_document_as_prefix() -> None:
    found = by_task(build_examples(make_decision(SECTIONS), INDEX, limits=Limits()))
    document = {task: example.messages[1].content[: example.document_chars] for task, example in found.items()}
    assert document[TaskName.CLASSIFICATION] == document[TaskName.SUMMARIZATION]
    assert document[TaskName.CASE_ANALYSIS] == document[TaskName.STATUTE_INTERPRETATION]
    assert document[TaskName.SUMMARIZATION].startswith(document[TaskName.CASE_ANALYSIS])
    assert document[TaskName.CASE_ANALYSIS] != document[TaskName.SUMMARIZATION]


def test_the_document_gives_nothing_away() -> None:
    found = by_task(build_examples(make_decision(SECTIONS), INDEX, limits=Limits()))
    document = found[TaskName.CLASSIFICATION].messages[1].content
    for secret in ("Landgericht", "1 O 1/20", "abgewiesen.", "haftet"):
        assert secret not in document[: found[TaskName.CLASSIFICATION].document_chars]


def test_an_order_without_facts_and_leitsatz_yields_only_what_it_supports() -> None:
    decision = make_decision({SectionName.GRUENDE: ["Der Antrag ist unbegründet."]}, decision_type="Beschluss")
    assert [example.task for example in build_examples(decision, INDEX, limits=Limits())] == [TaskName.CLASSIFICATION]


def test_a_decision_without_grounds_yields_nothing() -> None:
    decision = make_decision({SectionName.TENOR: ["Die Klage wird abgewiesen."], SectionName.LEITSATZ: ["Satz."]})
    assert build_examples(decision, INDEX, limits=Limits()) == []
