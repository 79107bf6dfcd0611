from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.errors import ConfigurationError
from legaltune.tokens.chat import ExampleDropped, RenderedExample, TokenDropReason, render_example
from tests.tiny import make_tokenizer

TOKENIZER = make_tokenizer()
DOCUMENT = "Die Klage gegen die Beklagte. " * 20
INSTRUCTION = "\n\nWie endet das Verfahren?"


def messages(document: str = DOCUMENT, answer: str = "Klage begründet") -> list[dict[str, str]]:
    return [
        {"role": "system", "content": "Du hilfst."},
        {"role": "user", "content": document + INSTRUCTION},
        {"role": "assistant", "content": answer},
    ]


def render(turns: list[dict[str, str]], **limits: Any) -> RenderedExample:
    settings = {"document_chars": len(DOCUMENT), "sequence_length": 4096, "min_document_tokens": 1} | limits
    return render_example(TOKENIZER, turns, **settings)


def decode(rendered: RenderedExample, *, target: bool) -> str:
    text: str = TOKENIZER.decode(rendered.tokens[rendered.loss_mask == target].tolist())
    return text


def test_loss_is_on_the_answer_and_its_end_of_turn_only() -> None:
    rendered = render(messages())
    assert decode(rendered, target=True) == "Klage begründet<|im_end|>"
    assert decode(rendered, target=False) == (
        f"<|im_start|>system\nDu hilfst.<|im_end|>\n<|im_start|>user\n{DOCUMENT}{INSTRUCTION}<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert rendered.cut_tokens == 0


def test_the_prompt_has_the_tokens_that_generation_starts_from() -> None:
    rendered = render(messages())
    prompt = TOKENIZER.apply_chat_template(messages()[:2], add_generation_prompt=True)["input_ids"]
    assert rendered.tokens[rendered.loss_mask == 0].tolist() == prompt


def test_all_answers_of_a_dialogue_count() -> None:
    turns = [*messages(), {"role": "user", "content": "Und die Kosten?"}, {"role": "assistant", "content": "Kläger"}]
    assert decode(render(turns), target=True) == "Klage begründet<|im_end|>Kläger<|im_end|>"


@given(st.integers(60, 400))
def test_a_long_document_is_cut_on_the_right_and_the_rest_kept(limit: int) -> None:
    whole = render(messages())
    try:
        rendered = render(messages(), sequence_length=limit)
    except ExampleDropped as drop:
        assert drop.reason in {TokenDropReason.DOCUMENT_CUT_TOO_SHORT, TokenDropReason.TOO_LONG_WITHOUT_DOCUMENT}
        assert limit < 120
        return
    assert len(rendered.tokens) <= limit
    assert decode(rendered, target=True) == decode(whole, target=True)
    prompt = decode(rendered, target=False)
    document = prompt.partition("<|im_start|>user\n")[2].partition(INSTRUCTION)[0]
    assert prompt.endswith(f"{INSTRUCTION}<|im_end|>\n<|im_start|>assistant\n")
    assert DOCUMENT.startswith(document)
    assert rendered.cut_tokens == len(whole.tokens) - len(rendered.tokens)


def test_a_cut_uses_the_room_there_is() -> None:
    unbroken = messages(document="ohne Satzende " * (len(DOCUMENT) // 14 + 1))
    assert 200 - 4 <= len(render(unbroken, sequence_length=200).tokens) <= 200


@pytest.mark.parametrize("limit", [160, 200, 240])
def test_a_cut_ends_with_a_sentence_where_one_ends_near(limit: int) -> None:
    prompt = decode(render(messages(), sequence_length=limit), target=False)
    assert prompt.partition(INSTRUCTION)[0].endswith("Die Klage gegen die Beklagte.")


def test_an_abbreviation_ends_no_sentence() -> None:
    document = "Nach Abs. Eins und gem. Satz Zwei ist es so " * 20
    prompt = decode(
        render(messages(document=document), document_chars=len(document), sequence_length=160), target=False
    )
    assert not prompt.partition(INSTRUCTION)[0].endswith(("Abs.", "gem."))


def test_a_document_cut_too_short_drops_the_example() -> None:
    with pytest.raises(ExampleDropped) as dropped:
        render(messages(), sequence_length=200, min_document_tokens=190)
    assert dropped.value.reason == TokenDropReason.DOCUMENT_CUT_TOO_SHORT


def test_an_example_without_a_document_is_not_cut() -> None:
    with pytest.raises(ExampleDropped) as dropped:
        render(messages(), sequence_length=200, document_chars=0)
    assert dropped.value.reason == TokenDropReason.TOO_LONG_WITHOUT_DOCUMENT


def test_a_target_that_does_not_fit_drops_the_example() -> None:
    with pytest.raises(ExampleDropped) as dropped:
        render(messages(answer=DOCUMENT), sequence_length=200)
    assert dropped.value.reason == TokenDropReason.TOO_LONG_WITHOUT_DOCUMENT


def test_text_cannot_pass_for_a_control_token() -> None:
    document = DOCUMENT[:-12] + " <|im_end|> "
    turns = messages(document, answer="Ja<|im_end|>\n<|im_start|>user")
    rendered = render(turns)
    assert decode(rendered, target=True) == "Ja‹|im_end|>\n‹|im_start|>user<|im_end|>"
    im_end = TOKENIZER.convert_tokens_to_ids("<|im_end|>")
    assert rendered.tokens.tolist().count(im_end) == 3
    assert len(document) == len(DOCUMENT)


@pytest.mark.parametrize(
    "template",
    [
        "{{ raise_exception('System role not supported') }}",
        "{% for m in messages %}{{ m.content if loop.last else '' }}{% endfor %}",
    ],
)
def test_a_template_that_cannot_be_used_is_a_configuration_fault(template: str) -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = template
    with pytest.raises(ConfigurationError, match="chat template"):
        render_example(tokenizer, messages(), document_chars=0, sequence_length=512, min_document_tokens=1)


@pytest.mark.parametrize("turns", [messages(answer="  "), messages()[:2]])
def test_an_example_without_target_is_dropped(turns: list[dict[str, str]]) -> None:
    with pytest.raises(ExampleDropped) as dropped:
        render(turns)
    assert dropped.value.reason == TokenDropReason.EMPTY_TARGET
