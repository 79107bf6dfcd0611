from __future__ import annotations

import importlib.util
import logging
from types import SimpleNamespace

import pytest
import torch

from legaltune.model import kernels
from legaltune.model.kernels import apply_fused_kernels

MODEL = SimpleNamespace(config=SimpleNamespace(model_type="qwen2"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_cuda_nothing_changes() -> None:
    assert not apply_fused_kernels(MODEL)


@pytest.mark.skipif(importlib.util.find_spec("liger_kernel") is not None, reason="the package is there")
def test_on_a_gpu_without_the_package_the_log_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with caplog.at_level(logging.INFO, logger=kernels.__name__):
        assert not apply_fused_kernels(MODEL)
    assert "pip install 'legaltune[cuda]'" in caplog.text
