"""Cross-entropy at the target positions only: masked tokens never reach the output layer."""

from __future__ import annotations

from typing import Any

import torch


class TargetLoss(torch.nn.Module):
    """A causal language model whose forward pass returns the loss of each target token.

    The hidden states are gathered where a target is predicted before the output layer runs, so that logits exist for
    targets alone. Documents of a packed row are kept apart by `position_ids` that restart; there is no attention mask
    (an all-ones mask would let them see each other).

    Args:
        model: Hugging Face causal language model, with or without a PEFT adapter.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        input_ids: torch.Tensor,
        position_ids: torch.Tensor,
        source_positions: torch.Tensor,
        target_ids: torch.Tensor,
    ) -> torch.Tensor:
        """Compute the loss.

        Args:
            input_ids: Shape (rows, length).
            position_ids: Shape (rows, length), restarting with each example.
            source_positions: Flat positions that predict a target, shape (targets,).
            target_ids: Token ids predicted there, shape (targets,).

        Returns:
            Cross-entropy in nats per target token, fp32, shape (targets,).
        """
        causal_model = self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model
        hidden = causal_model.get_decoder()(
            input_ids=input_ids, position_ids=position_ids, use_cache=False
        ).last_hidden_state
        gathered = hidden.reshape(-1, hidden.shape[-1])[source_positions]
        logits = causal_model.get_output_embeddings()(gathered)
        return torch.nn.functional.cross_entropy(logits.float(), target_ids, reduction="none")
