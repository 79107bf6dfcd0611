from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest
from lxml import html

from legaltune.config.schema import TaskName
from legaltune.corpus.document import DropReason
from legaltune.corpus.readers import READERS
from legaltune.corpus.scrubbing import PlaceholderType
from legaltune.corpus.tasks import Rejection
from legaltune.report import wording
from legaltune.report.page import render_page
from legaltune.tokens.chat import TokenDropReason
from tests.unit.report.sample import sample_report


def _text(page: str) -> str:
    """What a reader sees, with plain single spaces."""
    body = html.fromstring(page).find("body")
    return re.sub(r"\s+", " ", " ".join(body.itertext()))


def _remove_generation(report: dict[str, Any]) -> None:
    evaluation = report["evaluation"]
    for model in ("base", "adapter"):
        for key in ("accuracy", "accuracy_per_label", "examples", "rouge_l"):
            del evaluation[model][key]
    del evaluation["majority"]
    evaluation["samples"] = {"classification": [], "summarization": []}


def test_verdict_gives_loss_and_accuracy() -> None:
    assert (
        "Held-out loss fell from 4.21 to 1.35 nats per token; 70% of test decisions are classified exactly right, "
        "the majority class gives 11%."
    ) in _text(render_page(sample_report()))


def test_verdict_says_plainly_that_the_loss_rose() -> None:
    report = sample_report()
    report["evaluation"]["adapter"]["loss"] = 4.5

    text = _text(render_page(report))

    assert "Held-out loss did not fall: it rose from 4.21 to 4.50 nats per token" in text
    assert "fell" not in text


def test_verdict_does_not_call_a_change_below_the_digits_shown_a_fall() -> None:
    report = sample_report()
    report["evaluation"]["adapter"]["loss"] = 4.2099

    assert "Held-out loss did not fall: it is 4.21" in _text(render_page(report))


@pytest.mark.parametrize(
    ("majority", "expected"),
    [
        (0.9, "exactly right, fewer than the 90% that the majority class gives."),
        (0.7049, "exactly right, no more than the majority class gives."),
    ],
)
def test_verdict_says_that_the_majority_class_is_no_worse(majority: float, expected: str) -> None:
    report = sample_report()
    report["evaluation"]["majority"]["accuracy"] = majority

    assert expected in _text(render_page(report))


@pytest.mark.parametrize(
    ("adapter_loss", "expected"),
    [
        (1.35, "below both, so it uses the context"),
        (5.0, "what it gained may be token frequencies alone"),
        (5.5, "it has not learnt to use the context"),
    ],
)
def test_adapter_is_compared_with_token_frequencies(adapter_loss: float, expected: str) -> None:
    report = sample_report()
    report["evaluation"]["adapter"]["loss"] = adapter_loss

    assert expected in _text(render_page(report))


def test_documents_read_are_used_plus_dropped() -> None:
    assert "640 documents read = 612 used + 28 dropped" in _text(render_page(sample_report()))


def test_texts_of_documents_are_escaped() -> None:
    attack = "<script>alert(1)</script>"
    report = sample_report()
    report["name"] = attack
    report["model"] = attack
    report["ignored_files"] = [{"origin": attack, "why": attack}]
    report["documents"]["dropped"] = {attack: 28}
    report["configuration"]["data"]["input"] = [attack]
    sample = report["evaluation"]["samples"]["summarization"][0]
    sample |= {"document_id": attack, "reference": attack, "base": attack * 50, "adapter": attack}

    page = render_page(report)

    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 50


def test_page_asks_for_nothing_from_outside() -> None:
    page = html.fromstring(render_page(sample_report()))

    assert not page.xpath("//script | //link | //img | //iframe | //@src | //@srcset")
    assert all(target.startswith("#") for target in page.xpath("//@href | //@*[name()='xlink:href']"))
    assert not any(re.search(r"url\((?!#)|@import", style) for style in page.xpath("//style/text() | //@style"))


def test_ids_are_unique() -> None:
    ids = html.fromstring(render_page(sample_report())).xpath("//@id")

    assert len(ids) == len(set(ids))


def test_report_without_generated_answers() -> None:
    report = sample_report()
    _remove_generation(report)

    text = _text(render_page(report))

    assert "Held-out loss fell from 4.21 to 1.35 nats per token." in text
    assert "ROUGE-L" not in text
    assert "Classified exactly right" not in text
    assert "What does it answer?" not in text


def test_report_without_a_majority_class() -> None:
    report = sample_report()
    del report["evaluation"]["majority"]

    text = _text(render_page(report))

    assert "70% of test decisions are classified exactly right." in text
    assert "majority class" not in text


def test_report_with_nothing_dropped_or_ignored() -> None:
    report = sample_report()
    report["documents"] |= {"read": 612, "dropped": {}}
    report["ignored_files"] = []
    report["tokens"]["examples_dropped"] = {}

    text = _text(render_page(report))

    assert "No document was dropped." in text
    assert "No example was dropped." in text
    assert "ignored file" not in text


@pytest.mark.parametrize("history", [[], [{"step": 1, "loss": 9.2, "learning_rate": 1e-5, "tokens_per_second": 3.1}]])
def test_report_with_a_short_history(history: list[dict[str, float]]) -> None:
    report = sample_report()
    report["training"]["history"] = history

    page = render_page(report)

    assert ("Loss during training" in page) is bool(history)
    assert "</i>validation</li>" not in page


def test_perplexity_beyond_reading_is_a_power_of_ten() -> None:
    report = sample_report()
    report["evaluation"]["base"]["perplexity"] = 1.02e304

    assert "1.0 × 10³⁰⁴ → 3.86" in _text(render_page(report))


def test_long_answers_are_folded_and_keep_their_line_breaks() -> None:
    page = html.fromstring(render_page(sample_report()))

    folded = page.xpath("//*[contains(@class, 'answer') and contains(@class, 'adapter')]//details")

    assert len(folded) == 1
    assert "Schaden kannte.\n2. Ein Hinweis" in folded[0].text_content()


def test_right_labels_are_counted() -> None:
    text = _text(render_page(sample_report()))

    assert "3 of 3 right" in text
    assert "2 of 3 right" in text


def test_ignored_files_are_listed_up_to_a_limit() -> None:
    page = html.fromstring(render_page(sample_report()))

    assert len(page.xpath("//table[@class='files']//tr")) == 50
    assert "and 9 more" in page.text_content()


@pytest.mark.parametrize(
    ("keys", "meanings"),
    [
        (DropReason, wording.DOCUMENT_DROPS),
        (Rejection, wording.REJECTIONS),
        (TokenDropReason, wording.EXAMPLE_DROPS),
        (TaskName, wording.TASKS),
    ],
)
def test_every_key_has_its_wording(keys: type[StrEnum], meanings: Mapping[str, str]) -> None:
    assert set(meanings) == set(keys)


def test_every_reader_has_its_wording() -> None:
    assert set(wording.SOURCES) == {reader.name for reader in READERS}


def test_every_placeholder_has_its_wording() -> None:
    assert set(wording.PLACEHOLDERS) == {placeholder.name.lower() for placeholder in PlaceholderType}


def test_rejected_examples_are_counted_over_the_tasks() -> None:
    text = _text(render_page(sample_report()))
    assert "The answer would have too few words. target_too_short 7" in text
    assert "388 groups" in text


def test_training_is_told_with_plan_memory_speed_and_cost() -> None:
    text = _text(render_page(sample_report()))

    for fact in (
        "method lora on nf4",
        "ZeRO 3, optimizer offloaded, full gradient checkpointing",
        "end all steps done",
        "lowest validation loss 1.37 reached at step 420",
        "model FLOPs utilization 41%",
        "peak memory of a process 17.2 GiB",
        "cost $0.42",
    ):
        assert fact in text


def test_what_training_did_not_measure_is_left_out() -> None:
    report = sample_report()
    report["training"] |= {"mfu": None, "spent_usd": None, "best_step": None, "best_validation_loss": None}
    del report["training"]["peak_memory_bytes"]

    text = _text(render_page(report))

    for name in ("FLOPs", "cost", "lowest validation loss", "reached at step", "peak memory"):
        assert name not in text
    assert "None" not in text


def test_a_run_that_was_stopped_early_says_so_at_the_top() -> None:
    report = sample_report()
    report["stop_reason"] = "early_stopping"

    header = html.fromstring(render_page(report)).find(".//header").text_content()

    assert "stopped early, the validation loss no longer fell" in header
