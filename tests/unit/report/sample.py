"""A report as a run of the demo size leaves it, in invented figures and texts."""

from __future__ import annotations

import math
from typing import Any

from legaltune.config.schema import DataConfig, EvaluationConfig, OptimizerConfig, RunConfig, TokensConfig, TrainConfig

_NUM_STEPS = 560
_PEAK_LEARNING_RATE = 2e-3

_REFERENCE = "Gerichtsbarkeit: Sozialgerichtsbarkeit\nEntscheidungsart: Urteil\nErgebnis: zurückverwiesen"
_HALF_RIGHT = "Gerichtsbarkeit: Sozialgerichtsbarkeit\nEntscheidungsart: Urteil\nErgebnis: stattgegeben"
_GIBBERISH = "der der die und Klä der nach § der Bekl und und die der ung en der die nach und "
_LEITSATZ = "Wer bei einem Umzug Kartons verleiht, haftet für Nässeschäden nur bei grober Fahrlässigkeit (§ 4 KartonG)."
_LONG_ANSWER = (
    "1. Wer bei einem Umzug Kartons verleiht, haftet für Nässeschäden nur, wenn er den Schaden kannte.\n"
    "2. Ein Hinweis auf dem Deckel genügt, sofern er vor dem Packen lesbar war (§ 4 KartonG).\n"
) * 5


def sample_report() -> dict[str, Any]:
    """A new report; tests change it as they like."""
    documents = {
        "read": 640,
        "used": 612,
        "used_by_source": {"gii-norm": 12, "rii-dok": 600},
        "dropped": {"exact_duplicate": 14, "malformed_xml": 3, "no_grounds": 9, "unknown_format": 2},
    }
    return {
        "format_version": 1,
        "name": "demo",
        "stop_reason": "finished",
        "finished_at": "2026-03-04T15:06:07+00:00",
        "model": "builtin:tiny-qwen2",
        "documents": documents,
        "documents_per_split": {"train": 482, "validation": 57, "test": 61},
        "ignored_files": [
            {"origin": f"decisions/jb-{number:03}.zip!jb-{number:03}-seite.png", "why": "image"} for number in range(57)
        ]
        + [{"origin": "README.md", "why": "readme or licence"}, {"origin": "rii-toc.xml", "why": "table of contents"}],
        "groups": {"number": 388, "largest": 3, "merged": [], "joined_splits": [], "conflicts": [], "ignored_keys": {}},
        "placeholders": {"address": 12, "phone": 1},
        "examples_rejected": {
            "summarization": {"target_too_short": 4},
            "statute_interpretation": {"target_too_short": 3, "view_of_others": 2},
        },
        "examples": {
            "case_analysis": {"train": 470, "validation": 55, "test": 60},
            "classification": {"train": 482, "validation": 57, "test": 61},
            "statute_interpretation": {"train": 901, "validation": 104, "test": 113},
            "summarization": {"train": 482, "validation": 57, "test": 61},
        },
        "tokens": {
            "tokenizer_fingerprint": "5c" * 32,
            "dataset_fingerprint": "a7" * 32,
            "sequence_length": 1024,
            "min_document_tokens": 32,
            "num_tokens": 1_834_217,
            "num_target_tokens": 312_480,
            "examples_cut": 241,
            "examples_dropped": {"document_cut_too_short": 9, "too_long_without_document": 4},
            "length_histogram": {"256": 118, "512": 874, "1024": 1838},
        },
        "trainable_parameters": 245_760,
        "total_parameters": 3_412_864,
        "tokens_per_second": 9482.3,
        "training": _training(),
        "evaluation": _evaluation(),
        "seconds": {"prepare": 8.412, "tokenize": 14.07, "train": 512.934, "evaluate": 96.301},
        "configuration": _configuration().model_dump(mode="json"),
        "environment": {
            "legaltune": "0.1.0",
            "python": "3.11.9",
            "torch": "2.13.0+cpu",
            "transformers": "5.23.0",
            "peft": "0.21.2",
            "deepspeed": "0.19.8",
            "datasets": "5.2.0",
            "cpu_cores": 2,
            "device": "cpu",
        },
    }


def _configuration() -> RunConfig:
    return RunConfig(
        data=DataConfig(synthetic_decisions=600, max_target_characters=1200, max_norm_characters=1500),
        tokens=TokensConfig(sequence_length=1024, min_document_tokens=32),
        optimizer=OptimizerConfig(learning_rate=_PEAK_LEARNING_RATE),
        train=TrainConfig(epochs=3, global_batch_size=8),
        evaluation=EvaluationConfig(max_validation_rows=16),
    )


def _training() -> dict[str, Any]:
    return {
        "method": "lora on nf4",
        "plan": "2 x 1 processes (data x tensor parallel), ZeRO 3, optimizer offloaded, full gradient checkpointing",
        "trainable_parameters": 245_760,
        "total_parameters": 3_412_864,
        "num_steps": _NUM_STEPS,
        "num_rows": 1492,
        "packing_efficiency": 0.9847,
        "num_tokens": 4_512_331,
        "num_target_tokens": 768_902,
        "seconds": 475.87,
        "tokens_per_second": 9482.3,
        "world_size": 1,
        "accumulation_steps": 8,
        "device": "cpu",
        "mfu": 0.412,
        "peak_memory_bytes": 18_468_608_409,
        "spent_usd": 0.4213,
        "stop_reason": "finished",
        "best_step": 420,
        "best_validation_loss": 1.374,
        "history": _history(),
    }


def _history() -> list[dict[str, float]]:
    """Training loss each ten steps, validation loss at each quarter."""
    history: list[dict[str, float]] = []
    for step in range(10, _NUM_STEPS + 1, 10):
        decay = 1.31 + 3.1 * math.exp(-step / 70) + 0.04 * math.sin(step)
        rate = _PEAK_LEARNING_RATE * (min(1.0, step / 20) if step < 20 else 0.55 + 0.45 * math.cos(step / 178))
        history.append({"step": step, "loss": decay, "learning_rate": rate, "tokens_per_second": 9480 + step % 7})
        if step % (_NUM_STEPS // 4) == 0:
            history.append({"step": step, "validation_loss": decay + 0.06})
    return history


def _loss(loss: float, target_tokens: int) -> dict[str, Any]:
    return {"loss": loss, "perplexity": math.exp(loss), "target_tokens": target_tokens}


def _evaluation() -> dict[str, Any]:
    tokens = {
        "case_analysis": 14_102,
        "classification": 1_464,
        "statute_interpretation": 10_233,
        "summarization": 5_710,
    }
    base = {"case_analysis": 4.18, "classification": 4.47, "statute_interpretation": 4.22, "summarization": 4.205}
    adapter = {"case_analysis": 1.61, "classification": 0.08, "statute_interpretation": 1.12, "summarization": 1.444}
    return {
        "split": "test",
        "documents": 61,
        "base": _loss(4.21, 31_509)
        | {"per_task": {task: _loss(base[task], count) for task, count in tokens.items()}}
        | {"accuracy": 0.0, "accuracy_per_label": _per_label(0.033, 0.115, 0.0), "examples": 61, "rouge_l": 0.0412},
        "adapter": _loss(1.35, 31_509)
        | {"per_task": {task: _loss(adapter[task], count) for task, count in tokens.items()}}
        | {"accuracy": 0.7049, "accuracy_per_label": _per_label(0.967, 1.0, 0.738), "examples": 61, "rouge_l": 0.3127},
        "unigram": {"loss": 5.284, "entropy": 4.911},
        "majority": {
            "accuracy": 0.1148,
            "accuracy_per_label": _per_label(0.541, 0.82, 0.262),
            "examples": 61,
            "answer": _HALF_RIGHT,
        },
        "samples": {
            "classification": [
                _sample("KORE600012023", _REFERENCE, _GIBBERISH * 2, _REFERENCE),
                _sample("KORE600452023", _REFERENCE, "", _HALF_RIGHT),
            ],
            "summarization": [_sample("KORE600012023", _LEITSATZ, _GIBBERISH * 12, _LONG_ANSWER)],
        },
    }


def _per_label(branch: float, kind: float, outcome: float) -> dict[str, float]:
    return {"Gerichtsbarkeit": branch, "Entscheidungsart": kind, "Ergebnis": outcome}


def _sample(document_id: str, reference: str, base: str, adapter: str) -> dict[str, str]:
    return {"document_id": document_id, "reference": reference, "base": base, "adapter": adapter}
