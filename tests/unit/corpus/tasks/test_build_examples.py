from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.config.schema import TaskName
from legaltune.corpus.citations import NormCitation
from legaltune.corpus.document import Norm, SectionName
from legaltune.corpus.example import Example
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.tasks import TASKS, Limits, Rejection, TaskContext, build_examples
from legaltune.errors import ConfigurationError
from tests.unit.corpus.cases import make_decision, make_statute

INDEX = StatuteIndex.from_statutes(
    [make_statute("BGB", norms=[Norm("§ 823", "Schadensersatzpflicht", ("(1) Wer schädigt, ersetzt den Schaden.",))])]
)
ON_823 = (
    "Der Anspruch folgt aus § 823 Abs. 1 BGB, denn der Beklagte hat den Zaun beschädigt und dies zu vertreten. "
    "§ 823 Abs. 1 BGB setzt voraus, dass ein absolutes Recht verletzt ist; das Eigentum am Zaun ist ein solches Recht. "
    "Der Beklagte hätte beim Zurücksetzen des Anhängers auf den Abstand achten müssen, was er nicht getan hat."
)
SECTIONS = {
    SectionName.RUBRUM: ["In dem Rechtsstreit der Frau K."],
    SectionName.LEITSATZ: ["Wer beim Zurücksetzen einen Zaun beschädigt, haftet dem Eigentümer."],
    SectionName.TENOR: ["Die Klage wird abgewiesen."],
    SectionName.TATBESTAND: ["Der Beklagte fuhr gegen den Zaun.", "Der Kläger verlangt Ersatz."],
    SectionName.ENTSCHEIDUNGSGRUENDE: ["Die Klage ist zulässig.", ON_823],
}


CONTEXT = TaskContext(INDEX)


def by_task(examples: list[Example]) -> dict[TaskName, Example]:
    return {example.task: example for example in examples}


def documents(examples: list[Example]) -> dict[TaskName, str]:
    return {example.task: example.messages[1].content[: example.document_chars] for example in examples}


def test_a_whole_decision_yields_all_tasks() -> None:
    examples = build_examples(make_decision(SECTIONS), CONTEXT).examples
    assert [example.task for example in examples] == list(TASKS)
    assert len({example.example_id for example in examples}) == len(examples)
    for example in examples:
        assert [message.role for message in example.messages] == ["system", "user", "assistant"]


def test_tasks_share_system_prompt_and_document_as_prefix() -> None:
    examples = build_examples(make_decision(SECTIONS), CONTEXT).examples
    document = documents(examples)
    assert len({example.messages[0] for example in examples}) == 1
    assert document[TaskName.CLASSIFICATION] == document[TaskName.SUMMARIZATION]
    assert document[TaskName.CASE_ANALYSIS] == document[TaskName.STATUTE_INTERPRETATION]
    assert document[TaskName.SUMMARIZATION].startswith(document[TaskName.CASE_ANALYSIS])
    assert document[TaskName.CASE_ANALYSIS] != document[TaskName.SUMMARIZATION]


def test_a_window_is_shared_as_well() -> None:
    context = replace(CONTEXT, limits=Limits(max_document_length=300))
    document = documents(build_examples(make_decision(SECTIONS), context).examples)
    assert len(document[TaskName.CLASSIFICATION]) <= 300
    assert document[TaskName.CLASSIFICATION].startswith(document[TaskName.CASE_ANALYSIS])


def test_where_the_facts_are_cut_all_prompts_say_so() -> None:
    facts = ["Die Klägerin parkte ihren Wagen am Zaun."] * 20
    context = replace(CONTEXT, limits=Limits(max_document_length=500))
    decision = make_decision({**SECTIONS, SectionName.TATBESTAND: facts})
    document = documents(build_examples(decision, context).examples)
    assert document[TaskName.CASE_ANALYSIS].endswith(f"{facts[0]}\n[…]")
    assert document[TaskName.CLASSIFICATION].startswith(f"{document[TaskName.CASE_ANALYSIS]}\n\nGründe:\n")
    assert len(document[TaskName.CLASSIFICATION]) <= 500


def test_the_length_is_counted_by_the_function_passed_in() -> None:
    def count_words(text: str) -> int:
        return len(text.split())

    context = replace(CONTEXT, limits=Limits(max_document_length=40), count=count_words)
    document = documents(build_examples(make_decision(SECTIONS), context).examples)
    assert 15 < count_words(document[TaskName.CLASSIFICATION]) <= 40


def test_the_document_gives_nothing_away() -> None:
    document = documents(build_examples(make_decision(SECTIONS), CONTEXT).examples)[TaskName.CLASSIFICATION]
    for secret in ("Landgericht", "1 O 1/20", "abgewiesen.", "haftet", "Frau K.", "Tatbestand", "Entscheidungsgründe"):
        assert secret not in document


def test_an_order_without_facts_and_leitsatz_yields_only_what_it_supports() -> None:
    decision = make_decision({SectionName.GRUENDE: ["Der Antrag ist unbegründet."]}, decision_type="Beschluss")
    assert [e.task for e in build_examples(decision, CONTEXT).examples] == [TaskName.CLASSIFICATION]


def test_a_decision_without_grounds_yields_nothing() -> None:
    decision = make_decision({SectionName.TENOR: ["Die Klage wird abgewiesen."], SectionName.LEITSATZ: ["Satz."]})
    assert build_examples(decision, CONTEXT).examples == []


def test_only_the_wanted_tasks_are_built_and_counted() -> None:
    decision = make_decision({**SECTIONS, SectionName.LEITSATZ: ["Zur Haftung für Zäune beim Zurücksetzen."]})
    result = build_examples(decision, CONTEXT, tasks=[TaskName.SUMMARIZATION])
    assert result.examples == []
    assert result.rejected == {(TaskName.SUMMARIZATION, Rejection.TARGET_NAMES_TOPIC_ONLY): 1}
    assert not build_examples(decision, CONTEXT, tasks=[TaskName.CASE_ANALYSIS]).rejected


def test_wordings_differ_between_documents_and_seeds() -> None:
    def prompts(seed: int, num_phrasings: int | None = None) -> list[str]:
        context = replace(CONTEXT, seed=seed, num_phrasings=num_phrasings)
        decisions = (replace(make_decision(SECTIONS), document_id=f"D{number}") for number in range(40))
        built = (build_examples(d, context, tasks=[TaskName.CASE_ANALYSIS]).examples for d in decisions)
        return [example.messages[1].content for examples in built for example in examples]

    assert len(set(prompts(0))) == len(CONTEXT.phrasings.case_analysis)
    assert prompts(0) == prompts(0) != prompts(1)
    assert len(set(prompts(0, num_phrasings=2))) == 2


def test_citations_found_before_are_used() -> None:
    asked: list[str] = []

    def cite(text: str) -> list[NormCitation]:
        asked.append(text)
        return []

    result = build_examples(make_decision(SECTIONS), replace(CONTEXT, cite=cite))
    assert asked == [ON_823]
    assert TaskName.STATUTE_INTERPRETATION not in by_task(result.examples)


def test_a_language_without_prompts_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="de"):
        build_examples(make_decision(SECTIONS), replace(CONTEXT, language="xx"))


FRAGMENTS = st.sampled_from(
    ["I.", "II.", "A", "a) ", "§ 823 Abs. 1 BGB ", "Die Klage ist abzuweisen. ", "Dieser Beschluss ist unanfechtbar.",
     "\n", " ", "[…]", "„", "(vgl. ", "x" * 40 + ". ", "Wer beim Zurücksetzen einen Zaun beschädigt, haftet. ",
     "\ud800", "Ä"]
)  # fmt: skip
TEXTS = st.lists(st.lists(FRAGMENTS, max_size=8).map("".join).filter(lambda text: bool(text.strip())), max_size=8)


@given(st.dictionaries(st.sampled_from(list(SectionName)), TEXTS, max_size=6), st.none() | st.integers(1, 300))
def test_any_text_is_accounted_for(sections: dict[SectionName, list[str]], length: int | None) -> None:
    context = replace(CONTEXT, limits=Limits(max_document_length=length))
    decision = make_decision({name: texts for name, texts in sections.items() if texts})
    result = build_examples(decision, context)
    assert len({example.example_id for example in result.examples}) == len(result.examples)
    for example in result.examples:
        assert example.messages[-1].content.strip()
        assert length is None or example.document_chars <= max(length, 40)
