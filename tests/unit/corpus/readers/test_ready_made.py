"""Tests of legaltune.corpus.readers.ready_made."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.document import DocumentError, DropReason, ReadyMade
from legaltune.corpus.readers import ready_made
from legaltune.corpus.readers.content import Content

ASK = {"role": "user", "content": "Was ist ein Muster?"}
ANSWER = {"role": "assistant", "content": "Eine Vorlage."}
PAIR = (("user", "Was ist ein Muster?"), ("assistant", "Eine Vorlage."))


def read(value: Any) -> ReadyMade:
    content = Content(b"", value=value)
    assert ready_made.sniff(content)
    return ready_made.read(content)


def refused(value: Any) -> str:
    with pytest.raises(DocumentError) as caught:
        read(value)
    assert caught.value.reason is DropReason.INVALID_EXAMPLE
    return caught.value.detail


def chat(*messages: Any, **fields: Any) -> dict[str, Any]:
    return {"messages": list(messages), **fields}


@pytest.mark.parametrize(
    "record",
    [
        chat(ASK, ANSWER),
        {"conversations": [{"from": "human", "value": ASK["content"]}, {"from": "gpt", "value": ANSWER["content"]}]},
        {"instruction": ASK["content"], "output": ANSWER["content"]},
        {"instruction": ASK["content"], "input": "", "output": ANSWER["content"]},
        {"prompt": ASK["content"], "completion": ANSWER["content"]},
        {"prompt": [ASK], "completion": [ANSWER]},
        chat({"role": "user", "content": [{"type": "text", "text": ASK["content"]}]}, ANSWER),
    ],
)
def test_shapes(record: Any) -> None:
    example = read(record)
    assert example.messages == PAIR
    assert (example.source, example.language) == ("ready-made", "de")


def test_alpaca_input_follows_the_instruction() -> None:
    record = {"instruction": "Fasse zusammen.", "input": "Ein Urteil.", "output": "Kurz."}
    assert read(record).messages[0] == ("user", "Fasse zusammen.\n\nEin Urteil.")


def test_what_is_about_the_same_text_is_one_group() -> None:
    judgment = "Die Klage wird abgewiesen. " * 20
    groups = [
        read({"instruction": task, "input": text, "output": "Kurz."}).group
        for task in ("Fasse zusammen.", "Ordne ein.")
        for text in (judgment, judgment.upper(), "Ein anderes Urteil. " * 20, "Deutsch")
    ]
    assert groups[0] == groups[1] == groups[4] == groups[5]
    assert groups[2] == groups[6]
    assert len(set(groups)) == 4, "a short input alone ties nothing together"


def test_answers_to_the_same_question_are_one_group() -> None:
    other = {"role": "assistant", "content": "Etwas anderes."}
    assert read(chat(ASK, ANSWER)).group == read(chat(ASK, other, system="Sei knapp.")).group
    assert read(chat(ASK, ANSWER)).group != read(chat({**ASK, "content": "Wozu?"}, ANSWER)).group


@pytest.mark.parametrize("role", ["system", "developer"])
def test_system_message_comes_first(role: str) -> None:
    system = {"role": role, "content": "Sei knapp."}
    assert read(chat(system, ASK, ANSWER, ASK, ANSWER)).messages == (("system", "Sei knapp."), *PAIR, *PAIR)
    assert "message 1 is the system's" in refused(chat(ASK, system, ANSWER))


def test_system_field() -> None:
    assert read(chat(ASK, ANSWER, system="Sei knapp.")).messages[0] == ("system", "Sei knapp.")


def test_optional_fields() -> None:
    example = read(chat(ASK, ANSWER, id=7, group="Fall 1", language="en", other={"x": 1}))
    assert (example.group, example.language) == ("Fall 1", "en")
    assert example.document_id.startswith("7-")


def test_equal_ids_of_two_files_stay_apart() -> None:
    first, other = read(chat(ASK, ANSWER, id=0)), read(chat(ASK | {"content": "Anderes?"}, ANSWER, id=0))
    assert first.document_id != other.document_id
    assert first.document_id == read(chat(ASK, ANSWER, id=0)).document_id


def test_id_is_made_of_the_messages() -> None:
    assert read(chat(ASK, ANSWER)).document_id == read({"prompt": PAIR[0][1], "completion": PAIR[1][1]}).document_id
    assert read(chat(ASK, ANSWER)).document_id != read(chat(ASK, {**ANSWER, "content": "Nichts."})).document_id
    split = [{"prompt": "ab", "completion": "c"}, {"prompt": "a", "completion": "bc"}]
    assert len({read(record).document_id for record in split}) == 2


@pytest.mark.parametrize(
    ("record", "detail"),
    [
        (chat(), "messages is no list of messages"),
        ({"messages": "Hallo"}, "messages is no list of messages"),
        (chat("Hallo"), "messages[0] is no object with role and content"),
        (chat({"role": "tool", "content": "x"}), "messages[0].role is 'tool': use one of system"),
        (chat({"content": "x"}), "messages[0].role is missing"),
        (chat(ASK, {"role": "assistant"}), "messages[1].content is missing"),
        (chat(ASK, {"role": "assistant", "content": " \n"}), "messages[1].content is empty"),
        (chat(ASK, {"role": "assistant", "content": 5}), "messages[1].content is 5: it must be a text"),
        (
            chat({"role": "user", "content": [{"type": "image_url"}]}),
            "messages[0].content holds a part that is no text",
        ),
        (chat(ASK, {**ANSWER, "tool_calls": [{}]}), "messages[1] calls a tool"),
        (chat(ASK, {**ANSWER, "weight": 0}), "messages[1] has the weight 0"),
        (chat(ASK), "ends without an answer"),
        (chat({"role": "system", "content": "x"}), "ends without an answer"),
        (chat(ANSWER), "message 0 is the assistant's, where the user's is due"),
        (chat(ASK, ASK, ANSWER), "message 1 is the user's, where the assistant's is due"),
        (chat(ASK, ANSWER, id=[1]), "id is a JSON list"),
        (chat(ASK, ANSWER, group=True), "group is True"),
        (chat(ASK, ANSWER, language="Deutsch!"), "language is 'Deutsch!'"),
        ({"instruction": None, "output": "x"}, "instruction is missing"),
        ({"instruction": "x", "input": [1], "output": "x"}, "input holds a part that is no text"),
        ({"prompt": "x", "completion": [ANSWER]}, "completion holds a part"),
    ],
)
def test_invalid_examples_say_what_is_wrong(record: Any, detail: str) -> None:
    assert detail in refused(record)


def test_messages_never_quote_much_of_a_record() -> None:
    assert len(refused(chat({"role": "x" * 500, "content": "y"}))) < 160


@pytest.mark.parametrize("value", [None, [], [1], {"messages_": []}, {"instruction": "x"}, {"Text": "", "output": ""}])
def test_other_json_is_left_to_other_readers(value: Any) -> None:
    assert not ready_made.sniff(Content(b"", value=value))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ja\r\nNein\rDoch", "Ja\nNein\nDoch"),
        ("def f():\n    return 1\n\n\n\tx = 2", "def f():\n    return 1\n\n\n\tx = 2"),
        ("    eingerückt\n  auch", "    eingerückt\n  auch"),
        ("\n \n  Code\n\n", "  Code"),
        ("Mu\u0308ll", "Müll"),
        ("a\x00b\x1bc\u200bd\ufeffe\u00adf\ud800g", "abcdefg"),
        ("5\u00a0Euro \U0001f642", "5\u00a0Euro \U0001f642"),
    ],
)
def test_cleaning_keeps_the_layout(text: str, expected: str) -> None:
    assert read({"prompt": "x", "completion": text}).messages[1][1] == expected


@given(st.text())
def test_cleaned_text_is_clean(text: str) -> None:
    record = {"prompt": text, "completion": "x"}
    try:
        cleaned = read(record).messages[0][1]
    except DocumentError as error:
        assert "empty" in error.detail
        return
    assert cleaned.encode()
    assert cleaned.strip()
    assert not {chr(c) for c in range(32)} - {"\n", "\t"} & set(cleaned) or not set(cleaned) & {"\x00", "\r", "\x1b"}
    assert read({"prompt": cleaned, "completion": "x"}).messages[0][1] == cleaned
