"""Puts an adapter on a base model, and saves it in PEFT's format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model

from legaltune.config.schema import AdapterConfig, ModelConfig
from legaltune.errors import ConfigurationError
from legaltune.files import whole_folder


def add_adapter(model: torch.nn.Module, config: AdapterConfig, *, seed: int, base: ModelConfig | None = None) -> Any:
    """Freeze the base model and add LoRA layers (Hu et al. 2021, arXiv 2106.09685).

    Args:
        model: Base model; changed in place.
        config: Rank, scaling, dropout and target modules.
        seed: Decides the initial weights of the adapter.
        base: Name and revision of the base model, kept in the adapter's configuration so that it finds its base again.

    Returns:
        The PEFT model.

    Raises:
        ConfigurationError: A target module does not occur in the model.
    """
    linear_names = {
        name.rpartition(".")[2] for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)
    }
    missing = sorted(set(config.target_modules) - linear_names)
    if missing:
        raise ConfigurationError(
            f"adapter.target_modules {', '.join(missing)} do not occur in {type(model).__name__}: "
            f"its linear layers are {', '.join(sorted(linear_names))}"
        )
    torch.manual_seed(seed)
    lora = LoraConfig(
        task_type="CAUSAL_LM",
        r=config.r,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=list(config.target_modules),
        bias=config.bias,
    )
    adapted = get_peft_model(model, lora)
    if base is not None:
        lora.base_model_name_or_path, lora.revision = base.name, base.revision
    return adapted


def count_parameters(model: torch.nn.Module) -> tuple[int, int]:
    """Trainable parameters and all parameters (base and adapter); tied weights count once."""
    parameters = list(model.parameters())
    return sum(p.numel() for p in parameters if p.requires_grad), sum(p.numel() for p in parameters)


def save_adapter(model: Any, tokenizer: Any, folder: Path) -> None:
    """Save adapter and tokenizer; the folder is either whole or absent."""
    with whole_folder(folder) as temporary:
        # Embeddings are frozen; left to find that out, PEFT asks the hub for the base model's vocabulary.
        model.save_pretrained(temporary, save_embedding_layers=False)
        (temporary / "README.md").unlink(missing_ok=True)  # PEFT's empty model card
        tokenizer.save_pretrained(temporary)


def load_adapter(model: torch.nn.Module, folder: Path) -> Any:
    """Load a saved adapter onto its base model, for evaluation."""
    return PeftModel.from_pretrained(model, folder).eval()
