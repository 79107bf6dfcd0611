"""A plain torch loop to hold the training loop against: one process, one example at a time, PEFT's own forward pass."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import IA3Config, LoraConfig, PrefixTuningConfig, PromptTuningConfig, get_peft_model
from safetensors.torch import load_file

from legaltune.config import RunConfig, load_config
from legaltune.config.schema import AdapterMethod
from legaltune.model.adapters import add_adapter
from legaltune.model.base import load_base_model, load_tokenizer
from legaltune.model.quantization import quantized_linear
from legaltune.model.tensor_parallel import ROW_PARALLEL
from legaltune.parallel.deepspeed import deepspeed_config
from legaltune.parallel.topology import Topology
from legaltune.run_directory import RunDirectory
from legaltune.tokens.batch import BatchLayout
from legaltune.tokens.dataset import TokenDataset
from legaltune.training import engine, setup
from legaltune.training.distributed import join_process_group
from legaltune.training.rows import RowSchedule
from legaltune.training.schedule import learning_rate
from legaltune.training.train import train
from tests.ranks import run_ranks
from tests.tiny import chat_examples, save_model, save_tokens

STEPS = 6
# Adam and clipping hide a gradient that is wrong by a factor; a large epsilon without clipping does not.
SCALE_SENSITIVE = ("optimizer.epsilon=1", "optimizer.max_gradient_norm=0", "optimizer.learning_rate=0.3")


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What a run went through.

    Attributes:
        losses: Mean loss per target token of each step.
        gradient_norms: Before clipping, of each step.
        weights: Trained tensors at the end, by their names in files.
        changes: What they changed by, of a plain loop.
    """

    losses: list[float]
    gradient_norms: list[float]
    weights: dict[str, torch.Tensor]
    changes: dict[str, torch.Tensor]


def set_up_run(folder: Path, *overrides: str) -> tuple[RunConfig, RunDirectory]:
    """A tiny model, a token dataset and a configuration without dropout."""
    if not (folder / "model").is_dir():
        save_model(folder / "model")
    config = load_settings(folder, *overrides)
    run = RunDirectory(folder / "run")
    if not run.tokens.is_dir():
        examples = chat_examples(40) + chat_examples(10, split="validation", seed=1)
        save_tokens(run.tokens, examples, load_tokenizer(config.model))
    return config, run


def load_settings(folder: Path, *overrides: str) -> RunConfig:
    """Configuration of a run of STEPS steps on the tiny model."""
    return load_config(
        "demo",
        [
            f"model.name={folder / 'model'}",
            "tokens.sequence_length=256",
            "tokens.min_document_tokens=4",
            "adapter.dropout=0",
            "adapter.num_virtual_tokens=5",
            "adapter.bottleneck_size=8",
            "train.epochs=null",
            f"train.max_steps={STEPS}",
            "train.log_every_steps=1",
            "train.global_batch_size=4",
            "parallel.parameter_persistence_threshold=0",
            *overrides,
        ],
    )


def train_in_ranks(config: RunConfig, run: RunDirectory, world_size: int) -> Trajectory:
    """What our training goes through, in so many processes."""
    run_ranks(world_size, _train, config.model_dump_json(), str(run.path))
    summary = json.loads(run.training_summary.read_text(encoding="utf-8"))
    steps = [record for record in summary["history"] if "loss" in record]
    weights: dict[str, torch.Tensor] = {}
    for file in run.adapter.glob("*.safetensors"):
        weights |= load_file(file)
    return Trajectory(
        [record["loss"] for record in steps],
        [record["gradient_norm"] for record in steps],
        weights,
        {},
    )


def _train(config: str, folder: str) -> None:
    for module in (engine, setup):
        module.deepspeed_config = _without_reuse  # type: ignore[attr-defined]
    train(RunConfig.model_validate_json(config), RunDirectory(Path(folder)), join_process_group())


def _without_reuse(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Our DeepSpeed configuration, but parameters are released after each use: a tiny model would stay whole."""
    settings = deepspeed_config(*args, **kwargs)
    if settings["zero_optimization"]["stage"] == 3:
        settings["zero_optimization"] |= {"stage3_max_live_parameters": 0, "stage3_max_reuse_distance": 0}
    return settings


def plain_trajectory(config: RunConfig, run: RunDirectory) -> Trajectory:
    """What a plain loop goes through on the same rows: no packing, no DeepSpeed, no kernel of ours."""
    dataset = TokenDataset(run.tokens, "train")
    topology = Topology(1, 1, config.train.global_batch_size, 1)
    rows = RowSchedule(
        dataset,
        sequence_length=config.tokens.sequence_length,
        topology=topology,
        seed=config.train.seed,
        num_virtual_tokens=BatchLayout.of(config.adapter).num_virtual_tokens,
    )
    model, trained = plain_model(config)
    start = {name: tensor.detach().clone() for name, tensor in trained.items()}
    optimizer = torch.optim.AdamW(
        trained.values(), lr=1.0, eps=config.optimizer.epsilon, weight_decay=config.optimizer.weight_decay
    )
    losses, norms = [], []
    for step in range(config.train.max_steps or STEPS):
        optimizer.param_groups[0]["lr"] = learning_rate(config.optimizer, step, config.train.max_steps or STEPS)
        examples = [example for batch in rows.micro_batches(step, 0) for row in batch for example in row]
        loss = plain_loss(model, dataset, examples)
        loss.backward()  # type: ignore[no-untyped-call]
        norms.append(
            float(torch.nn.utils.clip_grad_norm_(trained.values(), config.optimizer.max_gradient_norm or torch.inf))
        )
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    weights = {_plain_name(name): tensor.detach() for name, tensor in trained.items()}
    changes = {_plain_name(name): tensor.detach() - start[name] for name, tensor in trained.items()}
    return Trajectory(losses, norms, weights, changes)


def plain_loss(model: Any, dataset: TokenDataset, examples: Sequence[int]) -> torch.Tensor:
    """Mean loss per target token, one example at a time (nats)."""
    total, num_targets = torch.zeros(()), 0
    for example in examples:
        ids = torch.from_numpy(dataset.tokens(example).astype("int64"))
        labels = ids.masked_fill(torch.from_numpy(dataset.loss_mask(example) == 0), -100)
        logits = model(input_ids=ids[None]).logits[0]
        logits = logits[len(logits) - len(ids) : -1]  # prompt tuning: logits of virtual tokens come first
        total = total + torch.nn.functional.cross_entropy(logits, labels[1:], reduction="sum")
        num_targets += int((labels != -100).sum())
    return total / num_targets


def plain_model(config: RunConfig) -> tuple[Any, dict[str, torch.nn.Parameter]]:
    """The model as PEFT alone makes it, on ordinary layers, with our start values; and what is trained."""
    base = load_base_model(config.model)
    if config.quantization.method != "none":
        _round_weights(base, config)
    ours = add_adapter(load_base_model(config.model), config.adapter, seed=config.train.seed)
    start = {name: parameter for name, parameter in ours.named_parameters() if parameter.requires_grad}
    if config.adapter.method is AdapterMethod.FULL:
        return ours, start
    if config.adapter.method is AdapterMethod.BOTTLENECK:
        return _with_bottlenecks(base, start), start
    model = get_peft_model(base, _peft_config(config)).train()
    trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    with torch.no_grad():
        for name, parameter in trained.items():
            if "lora_magnitude_vector" not in name:  # that depends on the base's weights
                parameter.copy_(start[name])
    return model, trained


def differences(trajectory: Trajectory, reference: Trajectory) -> tuple[float, float, float]:
    """Largest relative differences of loss, of gradient norm, and of what was trained (L2, over all tensors)."""
    assert trajectory.weights.keys() >= reference.weights.keys(), reference.weights.keys() - trajectory.weights.keys()
    squared_error = sum(
        float((trajectory.weights[name].double() - tensor.double()).square().sum())
        for name, tensor in reference.weights.items()
    )
    squared_change = sum(float(change.double().square().sum()) for change in reference.changes.values())
    return (
        _largest(trajectory.losses, reference.losses),
        _largest(trajectory.gradient_norms, reference.gradient_norms),
        (squared_error / squared_change) ** 0.5,
    )


def _largest(values: list[float], references: list[float]) -> float:
    return max(abs(value - reference) / abs(reference) for value, reference in zip(values, references, strict=True))


@torch.no_grad()
def _round_weights(base: Any, config: RunConfig) -> None:
    """Give the decoder's layers the values that quantization leaves; each tensor-parallel part has its own scales."""
    for name, module in base.get_decoder().layers.named_modules():
        if isinstance(module, torch.nn.Linear):
            dim = 1 if name.rpartition(".")[2] in ROW_PARALLEL else 0
            parts = []
            for part in module.weight.chunk(config.parallel.tensor_parallel_degree, dim):
                layer = torch.nn.Linear(part.shape[1], part.shape[0], bias=False)
                layer.weight = torch.nn.Parameter(part.contiguous())
                quantized = quantized_linear(layer, config.quantization, compute_dtype=part.dtype)
                parts.append(quantized.dequantized_weight())
            module.weight.copy_(torch.cat(parts, dim))


def _with_bottlenecks(base: Any, trained: dict[str, torch.nn.Parameter]) -> Any:
    """PEFT has no such method: the adapter's formula in hooks, on an otherwise frozen model."""
    base.requires_grad_(False)
    for name, module in base.named_modules():
        prefix = f"base_model.model.{name}.bottleneck"
        if f"{prefix}_down.default.weight" not in trained:
            continue
        down, down_bias, up, up_bias = (
            trained[f"{prefix}_{way}.default.{kind}"] for way in ("down", "up") for kind in ("weight", "bias")
        )

        def hook(_: Any, __: Any, output: Any, parts: Any = (down, down_bias, up, up_bias)) -> Any:
            hidden = output[0] if isinstance(output, tuple) else output
            inner = torch.nn.functional.gelu(hidden @ parts[0].T + parts[1])
            adapted = hidden + inner @ parts[2].T + parts[3]
            return (adapted, *output[1:]) if isinstance(output, tuple) else adapted

        module.register_forward_hook(hook)
    return base.train()


def _peft_config(config: RunConfig) -> Any:
    adapter = config.adapter
    match adapter.method:
        case AdapterMethod.IA3:
            return IA3Config(
                task_type="CAUSAL_LM",
                target_modules=["k_proj", "v_proj", "down_proj"],
                feedforward_modules=["down_proj"],
            )
        case AdapterMethod.PREFIX:
            return PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=adapter.num_virtual_tokens)
        case AdapterMethod.PROMPT:
            return PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=adapter.num_virtual_tokens)
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=adapter.r,
        lora_alpha=adapter.alpha,
        target_modules=list(adapter.target_modules),
        use_rslora=adapter.method is AdapterMethod.RSLORA,
        use_dora=adapter.method is AdapterMethod.DORA,
    )


def _plain_name(name: str) -> str:
    """Names in files leave out PEFT's name of the adapter."""
    if name.startswith("prompt_encoder"):
        return "prompt_embeddings"
    name = name.replace(".default", "")
    return name.removesuffix(".weight") if "lora_magnitude_vector" in name else name
