"""Evaluates base model and adapter on the test documents."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from legaltune.config.schema import EvaluationConfig, RunConfig, TaskName
from legaltune.errors import DataError
from legaltune.evaluation.generation import Question, generate_answers, questions, references, stop_tokens
from legaltune.evaluation.loss import held_out_loss
from legaltune.evaluation.metrics import classification_scores, majority_scores, rouge_l
from legaltune.files import write_json
from legaltune.model.adapters import load_adapter, weights_digest
from legaltune.model.attention import PER_DOCUMENT, SDPA, attention_implementation
from legaltune.model.base import load_base_model, load_tokenizer
from legaltune.run_directory import RunDirectory
from legaltune.tokens.batch import BatchLayout
from legaltune.tokens.dataset import TokenDataset, unigram_entropy, unigram_loss
from legaltune.tokens.packing import spread

logger = logging.getLogger(__name__)

_NUM_SAMPLES = 3
_CLASSIFICATION, _SUMMARIZATION = TaskName.CLASSIFICATION.value, TaskName.SUMMARIZATION.value
_FREE_TEXT = (_SUMMARIZATION, TaskName.READY_MADE.value)


def evaluate(config: RunConfig, run: RunDirectory) -> dict[str, Any]:
    """Measure loss, classification and free text with and without the adapter; write `logs/evaluation.json`.

    Without test documents the validation documents are used; `split` says which.

    Raises:
        DataError: No document was held out.
    """
    tokenizer = load_tokenizer(config.model)
    dataset, split = _held_out(run)
    digest = weights_digest(run.adapter)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    exam = _Exam(config, tokenizer, dataset, _ask(config.evaluation, dataset, tokenizer), device)
    model = load_base_model(config.model, device=device).eval()
    answers: dict[str, dict[str, list[str]]] = {}
    result: dict[str, Any] = {
        "adapter_sha256": digest,
        "configuration": config.evaluation.model_dump(mode="json"),
        "split": split,
        "documents": len(set(dataset.document_ids)),
    }
    for name in ("base", "adapter"):
        logger.info("evaluating the %s", name if name == "adapter" else "base model")
        if name == "adapter":
            model = load_adapter(model, run.adapter).to(device)
        layout = BatchLayout.of(config.adapter) if name == "adapter" else BatchLayout()
        answers[name] = exam.answers(model)
        result[name] = exam.loss(model, layout) | exam.scores(answers[name])
    result |= _baselines(run, dataset, tokenizer, exam.asked[_CLASSIFICATION])
    result["samples"] = _samples(exam.asked, answers)
    write_json(run.evaluation, result)
    return result


@dataclass(frozen=True, slots=True)
class _Exam:
    """What each model is measured on: the held-out examples, and some of their prompts as questions per task."""

    config: RunConfig
    tokenizer: Any
    dataset: TokenDataset
    asked: Mapping[str, list[Question]]
    device: torch.device

    def loss(self, model: Any, layout: BatchLayout) -> dict[str, Any]:
        attention = PER_DOCUMENT if self.config.model.attention == "per_document" else SDPA
        with attention_implementation(model, attention):
            return held_out_loss(
                model,
                self.dataset,
                sequence_length=self.config.tokens.sequence_length,
                layout=layout,
                device=self.device,
            )

    def answers(self, model: Any) -> dict[str, list[str]]:
        return {
            task: generate_answers(
                model,
                self.tokenizer,
                [question.prompt for question in asked],
                stop=stop_tokens(self.dataset, self.tokenizer),
                max_new_tokens=self.config.evaluation.max_new_tokens,
                batch_size=self.config.evaluation.generation_batch_size,
                device=self.device,
            )
            for task, asked in self.asked.items()
        }

    def scores(self, answers: Mapping[str, list[str]]) -> dict[str, Any]:
        scores: dict[str, Any] = {}
        if self.asked[_CLASSIFICATION]:
            scores |= classification_scores(answers[_CLASSIFICATION], _references(self.asked[_CLASSIFICATION]))
        per_task = {
            task: rouge_l(answers[task], _references(self.asked[task])) for task in _FREE_TEXT if self.asked[task]
        }
        if per_task:
            scores["rouge_l_per_task"] = per_task
        if _SUMMARIZATION in per_task:
            scores["rouge_l"] = per_task[_SUMMARIZATION]
        return scores


def _held_out(run: RunDirectory) -> tuple[TokenDataset, str]:
    for split in ("test", "validation"):
        dataset = TokenDataset(run.tokens, split)
        if len(dataset):
            return dataset, split
    raise DataError("no document was held out: raise data.split.test or give more documents")


def _ask(config: EvaluationConfig, dataset: TokenDataset, tokenizer: Any) -> dict[str, list[Question]]:
    limits = {
        _CLASSIFICATION: config.max_classification_examples,
        **dict.fromkeys(_FREE_TEXT, config.max_summarization_examples),
    }
    return {task: questions(dataset, task, tokenizer, limit=limit) for task, limit in limits.items()}


def _baselines(
    run: RunDirectory, dataset: TokenDataset, tokenizer: Any, classified: Sequence[Question]
) -> dict[str, Any]:
    train = TokenDataset(run.tokens, "train")
    baselines: dict[str, Any] = {
        "unigram": {
            "loss": unigram_loss(train, dataset, len(tokenizer)),
            "entropy": unigram_entropy(dataset, len(tokenizer)),
        }
    }
    labels = references(train, _CLASSIFICATION, tokenizer)
    if classified and labels:
        baselines["majority"] = majority_scores(labels, _references(classified))
    return baselines


def _references(asked: Sequence[Question]) -> list[str]:
    return [question.reference for question in asked]


def _samples(
    asked: Mapping[str, list[Question]], answers: Mapping[str, Mapping[str, list[str]]]
) -> dict[str, list[dict[str, str]]]:
    """A few answers of both models beside the reference, for the report."""
    return {
        task: [
            {
                "document_id": task_questions[index].document_id,
                "reference": task_questions[index].reference,
                "base": answers["base"][task][index],
                "adapter": answers["adapter"][task][index],
            }
            for index in spread(range(len(task_questions)), _NUM_SAMPLES)
        ]
        for task, task_questions in asked.items()
    }
