"""Attention within each document of a packed row, without a mask over the row.

Queries lie in segments; each segment attends to a key path: its own keys and those before them. Here a segment is a
document, and its path the document, after a trained prefix if there is one.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.attention.varlen import varlen_attn
from transformers import AttentionInterface

from legaltune.errors import ConfigurationError

PER_DOCUMENT = "per_document"
SDPA = "sdpa"

_MASKED_LAYERS = frozenset({"sliding_attention", "chunked_attention"})
_UNSUPPORTED_ARGUMENTS = ("sliding_window", "softcap", "position_bias", "s_aux")


@dataclass(frozen=True, slots=True)
class Documents:
    """Where the documents of a packed row lie.

    Attributes:
        lengths: Tokens of each document, known to the host, so that no kernel waits for the device.
        cu_seqlens: First position of each document, then the length of the row; shape (documents + 1,), int32, on the
            device of the row.
    """

    lengths: tuple[int, ...]
    cu_seqlens: torch.Tensor

    def lengthened(self, num_tokens: int) -> Documents:
        """The same documents with that many tokens more before each."""
        steps = torch.arange(len(self.cu_seqlens), dtype=torch.int32, device=self.cu_seqlens.device)
        return Documents(tuple(length + num_tokens for length in self.lengths), self.cu_seqlens + num_tokens * steps)


def use_per_document_attention(model: Any) -> None:
    """Make a Hugging Face model use `per_document_attention`; its forward pass then needs the argument `documents`.

    Args:
        model: Causal language model, with or without a PEFT adapter.

    Raises:
        ConfigurationError: The model's attention is not plain causal attention over the whole document.
    """
    base = base_model(model)
    _check_plain_causal(base.config.get_text_config())
    _register()
    base.set_attn_implementation(PER_DOCUMENT)
    if base.config._attn_implementation != PER_DOCUMENT:  # transformers only warns
        raise ConfigurationError(
            f"{type(base).__name__} does not let its attention be replaced: set model.attention=sdpa"
        )


@contextmanager
def attention_implementation(model: Any, implementation: str) -> Iterator[None]:
    """Use another attention for a while: `SDPA` to generate with a key-value cache, `PER_DOCUMENT` for the loss."""
    base = base_model(model)
    previous = base.config._attn_implementation
    if implementation == PER_DOCUMENT:
        use_per_document_attention(base)
    else:
        base.set_attn_implementation(implementation)
    try:
        yield
    finally:
        base.set_attn_implementation(previous)


def per_document_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    documents: Documents | None = None,
    prefix: torch.Tensor | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention within each document, as transformers' attention interface calls it.

    transformers builds no mask for an implementation that it does not know; `position_ids` must restart with each
    document for the rotary embedding.

    Args:
        module: Attention layer; `layer_idx` selects its part of `prefix`.
        query: Shape (1, heads, tokens, head size).
        key: Shape (1, key-value heads, tokens, head size).
        value: Same shape.
        attention_mask: None.
        scaling: Factor of the scores, by default 1 / sqrt(head size).
        dropout: 0.
        documents: Where the documents lie.
        prefix: Keys and values seen by each document before its own (prefix tuning, arXiv 2101.00190), shape (layers,
            2, key-value heads, virtual tokens, head size); the gradient flows into it.
        kwargs: What else transformers passes on; what would change the result is refused.

    Returns:
        Shape (1, tokens, heads, head size), and None for the weights.

    Raises:
        ValueError: `documents` is missing or does not describe the row, or there is a mask.
        ConfigurationError: The model wants more than plain causal attention.
    """
    documents = _check_call(query, attention_mask, documents, dropout, kwargs)
    paths = documents
    if prefix is not None:
        own_prefix = prefix[int(module.layer_idx)].to(key.dtype)  # type: ignore[arg-type]
        key = _after_prefix(key, own_prefix[:1], documents.lengths)
        value = _after_prefix(value, own_prefix[1:], documents.lengths)
        paths = documents.lengthened(own_prefix.shape[-2])
    attend = _attend_at_once if _has_variable_length_kernel(query) else _attend_one_by_one
    return attend(query, documents, key, value, paths, scaling), None


def _after_prefix(x: torch.Tensor, prefix: torch.Tensor, lengths: Sequence[int]) -> torch.Tensor:
    """Keys or values of each document behind the prefix; `cat` because its gradient is summed in a fixed order."""
    return torch.cat([part for document in x.split_with_sizes(lengths, dim=2) for part in (prefix, document)], dim=2)


def _has_variable_length_kernel(query: torch.Tensor) -> bool:
    """Whether FlashAttention-2 runs here: it wants Ampere or newer, half precision and a fitting head size."""
    return (
        query.is_cuda
        and query.dtype in (torch.bfloat16, torch.float16)
        and query.shape[-1] % 8 == 0
        and query.shape[-1] <= 256
        and torch.cuda.get_device_capability(query.device) >= (8, 0)
    )


def _attend_at_once(
    query: torch.Tensor,
    segments: Documents,
    key: torch.Tensor,
    value: torch.Tensor,
    paths: Documents,
    scaling: float | None,
) -> torch.Tensor:
    """One call of FlashAttention; the last query of a segment sees all of its path (bottom-right alignment)."""
    output: torch.Tensor = varlen_attn(  # type: ignore[assignment]
        query[0].transpose(0, 1),
        key[0].transpose(0, 1),
        value[0].transpose(0, 1),
        segments.cu_seqlens,
        paths.cu_seqlens,
        max(segments.lengths),
        max(paths.lengths),
        scale=scaling,
        window_size=(-1, 0),
        enable_gqa=query.shape[1] != key.shape[1],
    )
    return output.unsqueeze(0)


def _attend_one_by_one(
    query: torch.Tensor,
    segments: Documents,
    key: torch.Tensor,
    value: torch.Tensor,
    paths: Documents,
    scaling: float | None,
) -> torch.Tensor:
    """The same by one call of `scaled_dot_product_attention` for each segment."""
    num_groups = query.shape[1] // key.shape[1]
    grouped = num_groups > 1 and query.device.type == "cpu"  # elsewhere it would fall back to the slow kernel
    if num_groups > 1 and not grouped:
        key, value = (x.repeat_interleave(num_groups, dim=1) for x in (key, value))
    split = zip(
        query.split_with_sizes(segments.lengths, dim=2),
        key.split_with_sizes(paths.lengths, dim=2),
        value.split_with_sizes(paths.lengths, dim=2),
        strict=True,
    )
    outputs = []
    for q, k, v in split:
        # Queries of zero make the problem square: faster than a mask, and nothing to keep for the backward pass.
        num_added = k.shape[2] - q.shape[2]
        square = torch.nn.functional.pad(q, (0, 0, num_added, 0)) if num_added else q
        output = torch.nn.functional.scaled_dot_product_attention(
            square, k, v, is_causal=True, scale=scaling, enable_gqa=grouped
        )
        outputs.append(output[:, :, num_added:])
    return torch.cat(outputs, dim=2).transpose(1, 2)


@functools.cache  # once: code compiled around it is compiled anew when the function is another
def _register() -> None:
    # Not compiled itself: its shapes are the lengths of the documents, each row would be compiled anew.
    AttentionInterface.register(PER_DOCUMENT, torch.compiler.disable(per_document_attention))  # type: ignore[no-untyped-call]


def _check_call(
    query: torch.Tensor,
    attention_mask: torch.Tensor | None,
    documents: Documents | None,
    dropout: float,
    arguments: Mapping[str, Any],
) -> Documents:
    """Refuse what would silently give other results."""
    if documents is None:
        raise ValueError(
            f"attention {PER_DOCUMENT!r} needs `documents`: pass them to the model's forward pass, "
            f"or generate within attention_implementation(model, {SDPA!r})"
        )
    if attention_mask is not None:
        raise ValueError(f"attention {PER_DOCUMENT!r} takes no mask: leave attention_mask out")
    if query.shape[0] != 1 or query.shape[2] != sum(documents.lengths):
        raise ValueError(
            f"a row of {sum(documents.lengths)} tokens was announced, {query.shape[0]} of {query.shape[2]} came: "
            "flatten the micro-batch to one row"
        )
    unsupported = [name for name in _UNSUPPORTED_ARGUMENTS if arguments.get(name) is not None]
    if unsupported or dropout:
        raise _not_plain_causal(", ".join(unsupported) or f"attention dropout {dropout}")
    return documents


def base_model(model: Any) -> Any:
    """The causal language model below an adapter, if there is one."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _check_plain_causal(config: Any) -> None:
    layer_types = getattr(config, "layer_types", None)
    other = set(layer_types or ()) - {"full_attention"}
    if other - _MASKED_LAYERS:
        raise ConfigurationError(
            f"the model has layers of type {', '.join(sorted(other - _MASKED_LAYERS))}, which do not keep the "
            "documents of a packed row apart: choose a model with attention in all layers"
        )
    window = getattr(config, "sliding_window", None)
    if other or (layer_types is None and window is not None):
        raise _not_plain_causal(f"a sliding window ({window} tokens)" if window else ", ".join(sorted(other)))
    if getattr(config, "attn_logit_softcapping", None) is not None:
        raise _not_plain_causal(f"softcapping ({config.attn_logit_softcapping})")
    if getattr(config, "attention_dropout", 0.0):
        raise _not_plain_causal(f"attention dropout {config.attention_dropout}")


def _not_plain_causal(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"the model's attention has {what}, which {PER_DOCUMENT} has not: set model.attention=sdpa"
    )
