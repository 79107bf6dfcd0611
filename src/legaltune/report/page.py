"""Renders the report as one self-contained HTML page.

The functions here turn the report into a view model of finished texts; the templates hold layout only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from legaltune.config.schema import TaskName
from legaltune.corpus.tasks import parse_labels
from legaltune.report import formatting, wording
from legaltune.report.charts import Bars, length_chart, loss_chart, score_chart

_SPLITS = ("train", "validation", "test")
_WIDE_POINTS, _NARROW_POINTS = 580, 270
_MAX_IGNORED_FILES = 50
_NOT_SET = "not set"
_LONG_TEXT_CHARACTERS, _BEGINNING_CHARACTERS = 600, 420


def render_page(report: dict[str, Any]) -> str:
    """The report as HTML: no script, no request to anywhere, readable in light and dark and on paper.

    Args:
        report: What `legaltune.report.build.collect` returns.
    """
    environment = Environment(
        loader=PackageLoader("legaltune.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        name=report["name"],
        facts=[
            report["model"],
            report["environment"]["device"],
            wording.words(report["stop_reason"], wording.STOP_REASONS),
            formatting.moment(report["finished_at"]),
        ],
        verdict=_verdict(report["evaluation"]),
        tiles=list(_tiles(report)),
        learning=_learning(report),
        answers=_answers(report["evaluation"]),
        data=_data(report),
        settings=_settings(report),
    )


@dataclass(frozen=True, slots=True)
class _Tile:
    """One key figure."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class _Share:
    """One part of a whole, drawn as a segment of a bar; the largest has rank 1."""

    label: str
    value: str
    percent: float
    rank: int


@dataclass(frozen=True, slots=True)
class _Text:
    """A text, with its beginning where it is too long to be shown at once."""

    whole: str
    beginning: str

    @classmethod
    def of(cls, text: str) -> _Text:
        """Cut the beginning of a long text at a space."""
        if len(text) <= _LONG_TEXT_CHARACTERS:
            return cls(text, "")
        end = text.rfind(" ", 0, _BEGINNING_CHARACTERS)
        return cls(text, text[: end if end > 0 else _BEGINNING_CHARACTERS])


def _verdict(evaluation: Mapping[str, Any]) -> str:
    """The outcome in one sentence, good or bad."""
    sentence = _loss_verdict(evaluation["base"]["loss"], evaluation["adapter"]["loss"])
    if "accuracy" not in evaluation["adapter"]:
        return f"{sentence}."
    accuracy = evaluation["adapter"]["accuracy"]
    sentence += f"; {formatting.percent(accuracy)} of {evaluation['split']} decisions are classified exactly right"
    if "majority" not in evaluation:
        return f"{sentence}."
    return f"{sentence}, {_contrast(accuracy, evaluation['majority']['accuracy'])}."


def _contrast(accuracy: float, majority: float) -> str:
    if accuracy > majority:
        return f"the majority class gives {formatting.percent(majority)}"
    if accuracy < majority:
        return f"fewer than the {formatting.percent(majority)} that the majority class gives"
    return "no more than the majority class gives"


def _loss_verdict(before: float, after: float) -> str:
    shown_before, shown_after = formatting.loss(before), formatting.loss(after)
    if shown_before == shown_after:
        return f"Held-out loss did not fall: it is {shown_after} nats per token before and after training"
    if after > before:
        return f"Held-out loss did not fall: it rose from {shown_before} to {shown_after} nats per token"
    return f"Held-out loss fell from {shown_before} to {shown_after} nats per token"


def _tiles(report: Mapping[str, Any]) -> Iterator[_Tile]:
    documents, evaluation = report["documents"], report["evaluation"]
    base, adapter = evaluation["base"], evaluation["adapter"]
    yield _Tile("Documents used", formatting.count(documents["used"]), f"of {formatting.count(documents['read'])} read")
    yield _Tile(
        "Held-out loss",
        f"{formatting.loss(base['loss'])} → {formatting.loss(adapter['loss'])}",
        f"perplexity {formatting.perplexity(base['perplexity'])} → {formatting.perplexity(adapter['perplexity'])}",
    )
    if "accuracy" in adapter:
        others = {"base model": base} | ({"majority class": evaluation["majority"]} if "majority" in evaluation else {})
        note = ", ".join(f"{name} {formatting.percent(scores['accuracy'])}" for name, scores in others.items())
        yield _Tile("Classified exactly right", formatting.percent(adapter["accuracy"]), note)
    trainable, total = report["trainable_parameters"], report["total_parameters"]
    note = f"{formatting.percent(trainable / total)} of {formatting.count(total)}"
    yield _Tile("Trainable parameters", formatting.count(trainable), note)
    training, seconds = report["training"], report["seconds"]
    note = f"{formatting.count(training['num_tokens'])} tokens in {formatting.counted(training['num_steps'], 'step')}"
    yield _Tile("Tokens per second", formatting.count(report["tokens_per_second"]), note)
    note = f"training {formatting.duration(seconds['train'])}" if "train" in seconds else ""
    yield _Tile("Total time", formatting.duration(sum(seconds.values())), note)


def _learning(report: Mapping[str, Any]) -> dict[str, Any]:
    """Loss curves, losses per task, scores."""
    evaluation, history = report["evaluation"], report["training"]["history"]
    adapter = evaluation["adapter"]
    return {
        "split": evaluation["split"],
        "documents": formatting.counted(evaluation["documents"], "document"),
        "curves": _curves(history, evaluation),
        "has_validation": any("validation_loss" in record for record in history),
        "losses": _losses(evaluation["base"], adapter),
        "unigram": _unigram(evaluation["unigram"], adapter["loss"]),
        "scores": _score_chart(evaluation),
        "num_classified": formatting.count(adapter.get("examples", 0)),
        "majority": "majority" in evaluation,
        "rouge": _rouge(evaluation),
    }


def _curves(history: Sequence[Mapping[str, float]], evaluation: Mapping[str, Any]) -> dict[str, Markup]:
    """The loss chart laid out for wide and for narrow windows; empty where nothing was logged."""
    if not any("loss" in record for record in history):
        return {}
    split = evaluation["split"]
    references = {
        f"base model, {split} split": evaluation["base"]["loss"],
        f"unigram model, {split} split": evaluation["unigram"]["loss"],
    }
    widths = {"wide": _WIDE_POINTS, "narrow": _NARROW_POINTS}
    return {name: loss_chart(history, references, width_points=width) for name, width in widths.items()}


def _losses(base: Mapping[str, Any], adapter: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of the table of losses: the tasks, then all of them together."""
    rows = [
        (wording.words(task, wording.TASKS), base["per_task"][task], adapter["per_task"][task])
        for task in adapter["per_task"]
    ]
    return [_loss_row(*row) for row in (*rows, ("All tasks", base, adapter))]


def _loss_row(name: str, base: Mapping[str, Any], adapter: Mapping[str, Any]) -> dict[str, Any]:
    change = formatting.loss_change(base["loss"], adapter["loss"])
    return {
        "name": name,
        "base": formatting.loss(base["loss"]),
        "adapter": formatting.loss(adapter["loss"]),
        "change": change,
        "trend": {"−": "better", "+": "worse"}.get(change[0], ""),
        "perplexity": f"{formatting.perplexity(base['perplexity'])} → {formatting.perplexity(adapter['perplexity'])}",
        "target_tokens": formatting.count(adapter["target_tokens"]),
    }


def _unigram(unigram: Mapping[str, float], adapter_loss: float) -> str:
    """How the adapter compares with models that know token frequencies and nothing else."""
    loss, entropy = unigram["loss"], unigram["entropy"]
    sentence = (
        f"A unigram model, which knows only how frequent each token is in the training answers, has a loss of "
        f"{formatting.loss(loss)}; none can get below {formatting.loss(entropy)}, the entropy of the held-out answers."
    )
    if adapter_loss >= loss:
        return f"{sentence} The adapter is no better than that: it has not learnt to use the context."
    if adapter_loss >= entropy:
        return f"{sentence} The adapter lies between the two: what it gained may be token frequencies alone."
    return f"{sentence} The adapter is below both, so it uses the context."


def _score_chart(evaluation: Mapping[str, Any]) -> Markup | None:
    """Exact matches of the whole answer and of each label, for all that answered."""
    if "accuracy" not in evaluation["adapter"]:
        return None
    models = [name for name in ("adapter", "majority", "base") if name in evaluation]
    return score_chart(
        [
            Bars(name, {"all labels": evaluation[name]["accuracy"], **evaluation[name]["accuracy_per_label"]})
            for name in models
        ]
    )


def _rouge(evaluation: Mapping[str, Any]) -> dict[str, str] | None:
    if "rouge_l" not in evaluation["adapter"]:
        return None
    return {model: formatting.score(evaluation[model]["rouge_l"]) for model in ("base", "adapter")}


def _answers(evaluation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Samples by task; tasks without samples are left out."""
    return [
        {
            "task": wording.words(task, wording.TASKS),
            "samples": [_sample(sample, is_labelled=task == TaskName.CLASSIFICATION) for sample in samples],
        }
        for task, samples in evaluation["samples"].items()
        if samples
    ]


def _sample(sample: Mapping[str, str], *, is_labelled: bool) -> dict[str, Any]:
    names = {"reference": "Reference", "base": "Base model", "adapter": "Adapter"}
    return {
        "document_id": sample["document_id"],
        "columns": [
            {
                "key": key,
                "name": name,
                "mark": _labels_right(sample[key], sample["reference"]) if is_labelled and key != "reference" else "",
                "text": _Text.of(sample[key]),
            }
            for key, name in names.items()
        ],
    }


def _labels_right(answer: str, reference: str) -> str:
    given, wanted = parse_labels(answer), parse_labels(reference)
    num_right = sum(given.get(label) == value for label, value in wanted.items())
    return f"{num_right} of {len(wanted)} right"


def _data(report: Mapping[str, Any]) -> dict[str, Any]:
    """Documents, examples and tokens, and what was left out at each stage."""
    documents, tokens = report["documents"], report["tokens"]
    per_split = report["documents_per_split"]
    num_split = sum(per_split.values())
    num_indexed = documents["used"] - num_split
    return {
        "read": formatting.count(documents["read"]),
        "used": formatting.count(documents["used"]),
        "dropped": formatting.count(sum(documents["dropped"].values())),
        "sources": _counts(documents["used_by_source"], wording.SOURCES),
        "drops": _counts(documents["dropped"], wording.DOCUMENT_DROPS),
        "splits": _shares({split: per_split[split] for split in _SPLITS}, formatting.count),
        "num_split": formatting.counted(num_split, "decision"),
        "num_indexed": formatting.counted(num_indexed, "document") if num_indexed else "",
        "num_groups": formatting.counted(report["groups"]["number"], "group"),
        "placeholders": _counts(report["placeholders"], wording.PLACEHOLDERS),
        "examples": _examples(report["examples"]),
        "rejections": _counts(_summed(report["examples_rejected"]), wording.REJECTIONS),
        "tokens": formatting.count(tokens["num_tokens"]),
        "target_tokens": formatting.count(tokens["num_target_tokens"]),
        "sequence_length": formatting.count(tokens["sequence_length"]),
        "cut": formatting.counted(tokens["examples_cut"], "example"),
        "example_drops": _counts(tokens["examples_dropped"], wording.EXAMPLE_DROPS),
        "lengths": length_chart(tokens["length_histogram"]),
        "ignored": _ignored(report["ignored_files"]),
    }


def _summed(nested: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Counts by their inner key alone."""
    return dict(sum((Counter(counts) for counts in nested.values()), Counter[str]()))


def _counts(counts: Mapping[str, int], meanings: Mapping[str, str]) -> list[dict[str, str]]:
    """Rows of a table of counts, the largest first."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return [
        {"key": key, "meaning": wording.words(key, meanings), "count": formatting.count(number)}
        for key, number in ordered
    ]


def _shares(values: Mapping[str, float], show: Callable[[float], str]) -> list[_Share]:
    total = sum(values.values()) or 1
    by_size = sorted(values, key=lambda label: -values[label])
    return [
        _Share(label, show(value), 100 * value / total, by_size.index(label) + 1) for label, value in values.items()
    ]


def _examples(examples: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """Rows of the table of examples: the tasks, then their sum."""
    total = {split: sum(counts[split] for counts in examples.values()) for split in _SPLITS}
    rows = [(wording.words(task, wording.TASKS), counts) for task, counts in examples.items()]
    return [
        {
            "name": name,
            "splits": [formatting.count(counts[split]) for split in _SPLITS],
            "total": formatting.count(sum(counts[split] for split in _SPLITS)),
        }
        for name, counts in (*rows, ("All tasks", total))
    ]


def _ignored(files: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    kinds = Counter(file["why"] for file in files).most_common()
    return {
        "count": formatting.counted(len(files), "ignored file"),
        "kinds": ", ".join(f"{why} ({formatting.count(number)})" for why, number in kinds),
        "files": files[:_MAX_IGNORED_FILES],
        "more": formatting.count(len(files) - _MAX_IGNORED_FILES) if len(files) > _MAX_IGNORED_FILES else "",
    }


def _settings(report: Mapping[str, Any]) -> dict[str, Any]:
    """Time, the shape of the training run, the configuration and the environment."""
    seconds = {wording.words(step, wording.STEPS): value for step, value in report["seconds"].items()}
    return {
        "seconds": _shares(seconds, formatting.duration),
        "training": _training_facts(report["training"]),
        "configuration": [_section(name, values) for name, values in report["configuration"].items()],
        "environment": {name.replace("_", " "): _setting(value) for name, value in report["environment"].items()},
    }


def _training_facts(training: Mapping[str, Any]) -> dict[str, str]:
    """Rows of the table of the training run; what was not measured is left out."""
    rows: dict[str, tuple[str, Callable[[Any], str]]] = {
        "method": ("method", str),
        "plan": ("plan", str),
        "optimizer steps": ("num_steps", formatting.count),
        "end": ("stop_reason", lambda reason: wording.words(reason, wording.STOP_REASONS)),
        "lowest validation loss": ("best_validation_loss", formatting.loss),
        "reached at step": ("best_step", formatting.count),
        "packed rows per epoch": ("num_rows", formatting.count),
        "rows filled with tokens": ("packing_efficiency", formatting.percent),
        "tokens seen": ("num_tokens", formatting.count),
        "of them counted in the loss": ("num_target_tokens", formatting.count),
        "time of the steps alone": ("seconds", formatting.duration),
        "tokens per second": ("tokens_per_second", formatting.count),
        "model FLOPs utilization": ("mfu", formatting.percent),
        "peak memory of a process": ("peak_memory_bytes", formatting.memory),
        "cost": ("spent_usd", formatting.usd),
        "processes": ("world_size", formatting.count),
        "accumulation steps": ("accumulation_steps", formatting.count),
    }
    return {name: show(training[key]) for name, (key, show) in rows.items() if training.get(key) is not None}


def _section(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    rows = {key: _setting(value) for key, value in _flatten(values)}
    digest = " · ".join(f"{key} {text}" for key, text in rows.items() if text != _NOT_SET)
    return {"name": name, "digest": digest, "rows": rows}


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Settings of a section with those of its subsections as "split.test"."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _setting(value: Any) -> str:
    if value is None:
        return _NOT_SET
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
