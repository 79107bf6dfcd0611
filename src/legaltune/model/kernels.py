"""Fused CUDA kernels for parts of a decoder layer."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from typing import Any

import torch

logger = logging.getLogger(__name__)

_PACKAGE = "liger_kernel"


def apply_fused_kernels(model: Any, *, rotary: bool = True) -> bool:
    """Let a loaded model use Liger's RMSNorm, SwiGLU and rotary embedding (Hsu et al. 2024, arXiv 2410.10989).

    Its cross-entropy is left out: that returns either gradients in one pass or the loss of each token, not both.

    Args:
        model: Hugging Face causal language model without a wrapper of PEFT, before or after its layers are sharded or
            quantized; its modules are changed in place, its parameters stay. The rotary function is replaced for all
            models of its kind in this process.
        rotary: Whether to replace it: Liger's writes over its input, which selective checkpointing may have kept.

    Returns:
        Whether the kernels are in use. They need CUDA, the package liger_kernel, and an architecture that it knows; on
        a GPU the log says which is missing.
    """
    if not torch.cuda.is_available():
        return False
    reason = _why_unavailable(model.config.model_type)
    if reason is not None:
        logger.info("training without fused kernels: %s", reason)
        return False
    importlib.import_module(f"{_PACKAGE}.transformers")._apply_liger_kernel_to_instance(
        model,
        rope=rotary,
        rms_norm=True,
        swiglu=True,
        geglu=True,
        cross_entropy=False,
        fused_linear_cross_entropy=False,
    )
    return True


def _why_unavailable(model_type: str) -> str | None:
    if importlib.util.find_spec(_PACKAGE) is None:
        return f"{_PACKAGE} is not installed (pip install 'legaltune[cuda]')"
    known = importlib.import_module(f"{_PACKAGE}.transformers.monkey_patch").MODEL_TYPE_TO_APPLY_LIGER_FN
    return None if model_type in known else f"{_PACKAGE} has none for the architecture {model_type}"
