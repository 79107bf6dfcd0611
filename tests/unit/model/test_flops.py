from __future__ import annotations

from dataclasses import replace

import pytest

from legaltune.model.flops import Architecture, Work, model_flops, peak_flops

# Qwen2.5-7B with LoRA r=16 on all linear layers
LAYER = 2 * 3584 * 3584 + 2 * 3584 * 512 + 3 * 3584 * 18_944
QWEN = Architecture(28 * LAYER, 152_064 * 3584, 40_370_176, 3584, 28)
ROW = Work(num_tokens=4096, sum_squared_lengths=4096**2)


@pytest.mark.parametrize(
    ("trains_base", "checkpointing", "gigaflops"),
    [
        (False, "off", 31.0),
        (False, "selective", 31.0),
        (False, "full", 44.9),
        (True, "off", 44.9),
        (True, "full", 58.8),
    ],
)
def test_published_counts_a_token(trains_base: bool, checkpointing: str, gigaflops: float) -> None:
    architecture = replace(QWEN, trains_base=trains_base)
    count = model_flops(ROW, architecture, checkpointing)  # type: ignore[arg-type]
    assert round(count / ROW.num_tokens / 1e9, 1) == gigaflops


def test_attention_within_short_documents_costs_less() -> None:
    packed = replace(ROW, sum_squared_lengths=4 * 1024**2)
    saved = model_flops(ROW, QWEN) - model_flops(packed, QWEN)
    assert saved == pytest.approx(0.75 * 4096 * 4096 * 2 * 3584 * 28 * 3, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "dtype", "teraflops"),
    [
        ("NVIDIA H100 80GB HBM3", "bfloat16", 989),
        ("NVIDIA H100 PCIe", "bfloat16", 756),
        ("NVIDIA H100 NVL", "bfloat16", 835),
        ("NVIDIA H200", "bfloat16", 989),
        ("NVIDIA B200", "bfloat16", 2250),
        ("NVIDIA A100-SXM4-40GB", "float16", 312),
        ("NVIDIA L40S", "bfloat16", 362),
        ("NVIDIA L4", "bfloat16", 121),
        ("NVIDIA A10G", "bfloat16", 70),
        ("Tesla T4", "float16", 65),
    ],
)
def test_peaks_of_data_sheets(name: str, dtype: str, teraflops: float) -> None:
    assert peak_flops(name, dtype) == teraflops * 1e12


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("NVIDIA L40", "bfloat16"), ("NVIDIA A10", "bfloat16"), ("Tesla T4", "bfloat16"), ("NVIDIA H100", "float32")],
)
def test_unknown_peaks(name: str, dtype: str) -> None:
    assert peak_flops(name, dtype) is None
