"""Scores of generated answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rouge_score import rouge_scorer

from legaltune.corpus.tasks import parse_labels


def classification_scores(answers: Sequence[str], references: Sequence[str]) -> dict[str, Any]:
    """Exact-match accuracy of whole answers, and of each label (0 to 1).

    A label counts where the reference has it; an answer that lacks it is wrong.

    Args:
        answers: Generated (or assumed) answers.
        references: Answers as the decisions give them, at least one.
    """
    wholly_right = 0
    right: Counter[str] = Counter()
    known: Counter[str] = Counter()
    for answer, reference in zip(answers, references, strict=True):
        given, wanted = parse_labels(answer), parse_labels(reference)
        wholly_right += given == wanted
        known.update(wanted.keys())
        right.update(label for label, value in wanted.items() if given.get(label) == value)
    return {
        "accuracy": wholly_right / len(references),
        "accuracy_per_label": {label: right[label] / count for label, count in known.items()},
        "examples": len(references),
    }


def majority_scores(train: Sequence[str], references: Sequence[str]) -> dict[str, Any]:
    """Scores of the constant answers that are most frequent in training.

    `accuracy` answers always with the most frequent whole answer, `accuracy_per_label` with the most frequent value of
    each label taken by itself.
    """
    whole = Counter(train).most_common(1)[0][0]
    values: dict[str, Counter[str]] = {}
    for answer in train:
        for label, value in parse_labels(answer).items():
            values.setdefault(label, Counter())[value] += 1
    most_frequent = "\n".join(f"{label}: {counts.most_common(1)[0][0]}" for label, counts in values.items())
    scores = classification_scores([whole] * len(references), references)
    per_label = classification_scores([most_frequent] * len(references), references)["accuracy_per_label"]
    return scores | {"accuracy_per_label": per_label, "answer": whole}


def rouge_l(answers: Sequence[str], references: Sequence[str]) -> float:
    """Mean ROUGE-L F1 (Lin 2004) over pairs, 0 to 1; words are compared in lower case, umlauts kept."""
    scorer = rouge_scorer.RougeScorer(["rougeL"], tokenizer=_GermanWords())
    scores = [
        scorer.score(reference, answer)["rougeL"].fmeasure
        for answer, reference in zip(answers, references, strict=True)
    ]
    return float(sum(scores) / len(scores))


class _GermanWords:
    """Words for rouge-score, whose own tokenizer takes umlauts and ß for gaps."""

    def tokenize(self, text: str) -> list[str]:
        return re.findall(r"\w+", text.lower())
