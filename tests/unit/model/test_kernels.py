from __future__ import annotations

import importlib.machinery
import logging
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from legaltune.model import kernels
from legaltune.model.kernels import apply_fused_kernels

MODEL = SimpleNamespace(config=SimpleNamespace(model_type="qwen2"))


@pytest.fixture(autouse=True)
def forget_what_was_logged() -> None:
    kernels._log_once.cache_clear()


@pytest.fixture
def liger(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """CUDA and the package as far as they are called; returns the calls."""
    calls: list[dict[str, Any]] = []
    package, transformers, patches = (
        ModuleType(name) for name in ("liger_kernel", "liger_kernel.transformers", "liger_kernel.transformers.patches")
    )
    package.__spec__ = importlib.machinery.ModuleSpec("liger_kernel", None)
    transformers._apply_liger_kernel_to_instance = (  # type: ignore[attr-defined]
        lambda model, **arguments: calls.append({"model": model, **arguments})
    )
    patches.MODEL_TYPE_TO_APPLY_LIGER_FN = {"qwen2": None}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "liger_kernel", package)
    monkeypatch.setitem(sys.modules, "liger_kernel.transformers", transformers)
    monkeypatch.setitem(sys.modules, "liger_kernel.transformers.monkey_patch", patches)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    return calls


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_cuda_nothing_changes_and_the_reason_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger=kernels.__name__):
        assert not apply_fused_kernels(MODEL)
        assert not apply_fused_kernels(MODEL)
    assert [record.getMessage() for record in caplog.records] == ["no fused kernels: there is no CUDA device"]


def test_kernels_of_the_layers_are_used_and_the_loss_stays_ours(liger: list[dict[str, Any]]) -> None:
    assert apply_fused_kernels(MODEL)
    (call,) = liger
    assert call["model"] is MODEL
    assert call["rope"] and call["rms_norm"] and call["swiglu"]
    assert not call["cross_entropy"] and not call["fused_linear_cross_entropy"]


def test_an_unknown_architecture_is_left_alone(liger: list[dict[str, Any]], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger=kernels.__name__):
        assert not apply_fused_kernels(SimpleNamespace(config=SimpleNamespace(model_type="gpt2")))
    assert not liger
    assert "gpt2" in caplog.text
