"""Cross-entropy at the target positions only: masked tokens never reach the output layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from peft import PeftType
from peft.utils.other import TrainableTokensWrapper

from legaltune.errors import ConfigurationError
from legaltune.model.attention import PER_DOCUMENT, Documents, base_model
from legaltune.model.cross_entropy import linear_cross_entropy
from legaltune.model.embeddings import HeadWithNewRows
from legaltune.model.tensor_parallel import TensorParallel, copy_to_shards

# Settings of an architecture that change logits after the output layer, and the value that leaves them alone.
_LOGIT_CHANGES = {"final_logit_softcapping": None, "logit_scale": 1, "logits_scaling": 1, "lm_head_multiplier": 1}

Rows = tuple[torch.Tensor, torch.Tensor]


class LossBatch(Protocol):
    """One micro-batch as a single row of documents, one after another."""

    @property
    def input_ids(self) -> torch.Tensor:
        """Shape (1, tokens), int64."""

    @property
    def position_ids(self) -> torch.Tensor:
        """Shape (1, tokens); restarts with each document."""

    @property
    def cu_seqlens(self) -> torch.Tensor:
        """First position of each document, then the length of the row; shape (documents + 1,), int32."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of each document, virtual ones included; on the host."""

    @property
    def source_positions(self) -> torch.Tensor:
        """Positions whose hidden state predicts a target, shape (targets,)."""

    @property
    def target_ids(self) -> torch.Tensor:
        """The tokens predicted there, shape (targets,)."""

    @property
    def virtual_positions(self) -> torch.Tensor:
        """Positions that a virtual token fills (prompt tuning), document by document, shape (documents x virtual,)."""


class TargetLoss(torch.nn.Module):
    """A causal language model whose forward pass returns the loss of the targets.

    The hidden states are gathered where a target is predicted before the output layer runs, so that logits exist for
    targets alone, and for some of them at a time.

    Args:
        model: Hugging Face causal language model, with or without a PEFT adapter; complete, because its output layer is
            looked up here.
        parallel: How the model was cut for tensor parallelism.

    Raises:
        ConfigurationError: The model's logits are not those of a linear layer.
    """

    def __init__(self, model: Any, *, parallel: TensorParallel = TensorParallel()) -> None:  # noqa: B008  immutable
        super().__init__()
        self.model = model
        self.head = LossHead(base_model(model), parallel=parallel)
        self._parallel = parallel

    def forward(self, batch: LossBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the loss.

        Returns:
            Cross-entropy in nats: its sum over the batch's targets, which may be differentiated, and that of each
            target, detached, shape (targets,); both fp32.

        Raises:
            ConfigurationError: Prefix tuning without attention per document.
        """
        base = base_model(self.model)
        arguments = self._embedded(batch, base) | self._separated(batch, base)
        hidden = base.get_decoder()(position_ids=batch.position_ids, use_cache=False, **arguments).last_hidden_state
        sources = hidden.reshape(-1, hidden.shape[-1]).index_select(0, batch.source_positions)
        total, per_target = self.head(sources, batch.target_ids)
        return total, per_target

    def _embedded(self, batch: LossBatch, base: Any) -> dict[str, torch.Tensor]:
        """The decoder's input: token ids, or in prompt tuning embeddings with the trained ones in their places."""
        if not len(batch.virtual_positions):
            return {"input_ids": batch.input_ids}
        prompt = _virtual_tokens(self.model)
        embedded = base.get_input_embeddings()(batch.input_ids)
        repeated = prompt.to(embedded.dtype).repeat(len(batch.lengths), 1)
        return {"inputs_embeds": embedded.index_copy(1, batch.virtual_positions, repeated[None])}

    def _separated(self, batch: LossBatch, base: Any) -> dict[str, Any]:
        """What keeps documents apart; other attention goes by `position_ids` that restart, with no mask given."""
        has_prefix = _prompt_type(self.model) == PeftType.PREFIX_TUNING
        if base.config._attn_implementation != PER_DOCUMENT:
            if has_prefix:
                raise ConfigurationError("adapter.method prefix needs attention per document: set model.attention")
            return {}
        prefix = _prefix(self.model, self._parallel) if has_prefix else None
        return {"documents": Documents(batch.lengths, batch.cu_seqlens), "prefix": prefix}


class LossHead(torch.nn.Module):
    """The output layer together with its loss.

    It registers the parameters of the model's own output layer, so that ZeRO-3 gathers them before it runs.

    Args:
        model: Hugging Face causal language model, without a wrapper of PEFT.
        parallel: How its vocabulary is shared.

    Raises:
        ConfigurationError: The output layer is no plain linear layer, or the model changes the logits after it.
    """

    def __init__(self, model: Any, *, parallel: TensorParallel) -> None:
        super().__init__()
        config = model.config.get_text_config()
        _check_logits(type(model).__name__, config)
        layer, self._rows = _linear_and_rows(model.get_output_embeddings())
        if not isinstance(layer, torch.nn.Linear) or not layer.weight.is_floating_point():
            raise ConfigurationError(
                f"the output layer of {type(model).__name__} is {type(layer).__name__}, not a plain linear layer: "
                "keep it out of adapter.target_modules and quantization"
            )
        self.weight = layer.weight
        self.bias: torch.nn.Parameter | None
        self.register_parameter("bias", layer.bias)
        self._parallel = parallel
        self._vocabulary_size: int = config.vocab_size

    def forward(self, hidden: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Sum and values of the cross-entropy, of hidden states (targets, hidden size) and token ids (targets,)."""
        return linear_cross_entropy(
            hidden,
            self.weight,
            targets,
            bias=self.bias,
            parallel=self._parallel,
            vocabulary_size=self._vocabulary_size,
            rows=self._rows(),
        )


def _check_logits(name: str, config: Any) -> None:
    for setting, neutral in _LOGIT_CHANGES.items():
        value = getattr(config, setting, None)
        if value is not None and value != neutral:
            raise ConfigurationError(
                f"{name} changes its logits after the output layer ({setting} {value}), which the loss does not: "
                "choose a model without it, such as Qwen2.5, Llama or Mistral"
            )


def _linear_and_rows(output: Any) -> tuple[Any, Callable[[], Rows | None]]:
    """The linear layer of an output layer, and how to get ids and vectors of trained rows that replace some of its."""
    if isinstance(output, HeadWithNewRows):
        return output.base_layer, output.rows
    if isinstance(output, TrainableTokensWrapper):
        return output.original_module, lambda: _peft_rows(output)
    return output, lambda: None


def _peft_rows(output: Any) -> Rows | None:
    if output.disable_adapters:
        return None
    adapter = output.token_adapter
    (name,) = adapter.active_adapters
    values = adapter.trainable_tokens_delta[name]
    return torch.tensor(adapter.token_indices[name], device=values.device), values


def _prompt_type(model: Any) -> PeftType | None:
    """Kind of virtual tokens that the adapter trains, if any."""
    config = getattr(model, "active_peft_config", None)
    return config.peft_type if config is not None and config.is_prompt_learning else None


def _virtual_tokens(model: Any) -> torch.Tensor:
    """What PEFT's encoder makes of the adapter's virtual tokens, shape (virtual tokens, numbers)."""
    encoder = model.prompt_encoder[model.active_adapter]
    number = model.active_peft_config.num_virtual_tokens
    tokens = model.prompt_tokens[model.active_adapter][:number]
    virtual: torch.Tensor = encoder(tokens.to(encoder.embedding.weight.device))
    return virtual


def _prefix(model: Any, parallel: TensorParallel) -> torch.Tensor:
    """Keys and values before each document, shape (layers, 2, this process's key-value heads, virtual tokens, size)."""
    config = model.active_peft_config
    heads = config.num_attention_heads  # PEFT means those of keys and values
    virtual = _virtual_tokens(model)
    prefix = virtual.view(len(virtual), config.num_layers, 2, heads, config.token_dim // heads).permute(1, 2, 3, 0, 4)
    return parallel.slice(copy_to_shards(prefix, parallel), 2) if parallel.size > 1 else prefix
