"""Puts an adapter on a base model, and saves it in PEFT's format."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from peft import (
    IA3Config,
    LoraConfig,
    PeftModel,
    PeftType,
    PrefixTuningConfig,
    PromptTuningConfig,
    get_peft_model,
    get_peft_model_state_dict,
)
from peft.tuners.lora import LoraLayer
from safetensors.torch import save_file

from legaltune.config.schema import AdapterConfig, AdapterMethod, ModelConfig
from legaltune.errors import ConfigurationError, InputMissingError
from legaltune.files import sha256_of, whole_folder
from legaltune.model.base import save_tokenizer
from legaltune.model.bottleneck import INITIAL_STANDARD_DEVIATION, BottleneckConfig
from legaltune.model.bottleneck import TARGET_MODULES as _BOTTLENECK_TARGETS
from legaltune.model.dora import use_dora
from legaltune.model.embeddings import NewRows, save_new_rows
from legaltune.model.tensor_parallel import COLUMN_PARALLEL, ROW_PARALLEL, TensorParallel, communicate

_LORA_FAMILY = (AdapterMethod.LORA, AdapterMethod.RSLORA, AdapterMethod.DORA)
_IA3_TARGETS = ("k_proj", "v_proj", "down_proj")
_IA3_FEEDFORWARD = ("down_proj",)
_NAME = "default"  # PEFT's name for the only adapter
_PROMPT = f"prompt_encoder.{_NAME}.embedding.weight"


def add_adapter(
    model: torch.nn.Module,
    config: AdapterConfig,
    *,
    seed: int,
    base: ModelConfig | None = None,
    parallel: TensorParallel = TensorParallel(),  # noqa: B008  immutable
) -> Any:
    """Freeze the base model and add what is trained; method full: choose which of its weights are trained.

    The start values are a function of seed, name and whole shape of each trained tensor, so that any number of
    processes, tensor-parallel degree and ZeRO stage starts from the same numbers.

    Args:
        model: Base model; changed in place. Its linear layers may be cut for tensor parallelism, quantized, partitioned
            by ZeRO-3, or lie on the meta device (then the adapter does, too).
        config: Method and its sizes.
        seed: Decides the initial weights of the adapter.
        base: Name and revision of the base model, kept in the adapter's configuration so that it finds its base again.
        parallel: How the base model was cut.

    Returns:
        The PEFT model, its trained weights in fp32; with method full the model itself.

    Raises:
        ConfigurationError: A target module does not occur in the model, or cannot be cut.
    """
    if config.method is AdapterMethod.FULL:
        return _train_all(model, config)
    whole = _whole_shapes(model, config) if parallel.size > 1 else None
    peft_config = _peft_config(model, config, parallel)
    adapted = get_peft_model(model, peft_config)
    if base is not None:
        peft_config.base_model_name_or_path, peft_config.revision = base.name, base.revision
    _shard_lora(adapted, parallel)
    _initialise(adapted, whole or trained_shapes(adapted), seed, parallel)
    if config.method is AdapterMethod.DORA:
        _add_magnitudes(adapted, peft_config, parallel)
    return adapted


def _train_all(model: Any, config: AdapterConfig) -> Any:
    model.requires_grad_(True)
    if config.train_embeddings != "all":
        model.get_input_embeddings().weight.requires_grad_(False)
        model.get_output_embeddings().weight.requires_grad_(False)
    return model


def _peft_config(model: torch.nn.Module, config: AdapterConfig, parallel: TensorParallel) -> Any:
    if config.method in _LORA_FAMILY:
        _check_targets(model, config.target_modules, "adapter.target_modules")
        _check_divisible(config.target_modules, parallel)
        return LoraConfig(
            task_type="CAUSAL_LM",
            r=config.r,
            lora_alpha=config.alpha,
            lora_dropout=config.dropout,
            target_modules=list(config.target_modules),
            bias=config.bias,
            use_rslora=config.method is AdapterMethod.RSLORA,
        )
    if config.method is AdapterMethod.IA3:
        _check_targets(model, _IA3_TARGETS, "adapter.method ia3: its layers")
        return IA3Config(
            task_type="CAUSAL_LM", target_modules=list(_IA3_TARGETS), feedforward_modules=list(_IA3_FEEDFORWARD)
        )
    if config.method is AdapterMethod.BOTTLENECK:
        _check_targets(model, _BOTTLENECK_TARGETS, "adapter.method bottleneck: its places", kind=torch.nn.Module)
        return BottleneckConfig(task_type="CAUSAL_LM", bottleneck_size=config.bottleneck_size)
    prompt_learning = PrefixTuningConfig if config.method is AdapterMethod.PREFIX else PromptTuningConfig
    return prompt_learning(task_type="CAUSAL_LM", num_virtual_tokens=config.num_virtual_tokens)


def _check_targets(
    model: torch.nn.Module, targets: tuple[str, ...], setting: str, kind: type[torch.nn.Module] = torch.nn.Linear
) -> None:
    names = {name.rpartition(".")[2]: module for name, module in model.named_modules() if isinstance(module, kind)}
    missing = sorted(set(targets) - set(names))
    if missing:
        linear = sorted(name for name, module in names.items() if isinstance(module, torch.nn.Linear))
        raise ConfigurationError(
            f"{setting} {', '.join(missing)} do not occur in {type(model).__name__}: "
            f"its linear layers are {', '.join(linear) or 'none that PEFT knows'}"
        )


def _check_divisible(targets: tuple[str, ...], parallel: TensorParallel) -> None:
    whole = sorted(set(targets) - COLUMN_PARALLEL - ROW_PARALLEL)
    if parallel.size > 1 and whole:
        raise ConfigurationError(
            f"adapter.target_modules {', '.join(whole)} cannot be shared between processes: remove them, "
            "or set parallel.tensor_parallel_degree to 1"
        )


def _lora_layers(adapted: torch.nn.Module) -> Iterator[tuple[str, Any]]:
    """Last part of the name and module of each LoRA layer."""
    for name, module in adapted.named_modules():
        if isinstance(module, LoraLayer):
            yield name.rpartition(".")[2], module


def _shard_lora(adapted: torch.nn.Module, parallel: TensorParallel) -> None:
    """Let LoRA layers of a cut base layer communicate: PEFT made B of column- and A of row-parallel ones a slice."""
    if parallel.size == 1:
        return
    for target, layer in _lora_layers(adapted):
        if target in COLUMN_PARALLEL:
            communicate(layer.lora_B[_NAME], parallel, dim=0)
        else:
            communicate(layer.lora_A[_NAME], parallel, dim=1)


def _add_magnitudes(adapted: torch.nn.Module, peft_config: Any, parallel: TensorParallel) -> None:
    peft_config.use_dora = True
    for target, layer in _lora_layers(adapted):
        use_dora(layer, _NAME, parallel if target in ROW_PARALLEL else TensorParallel())


def _whole_shapes(model: Any, config: AdapterConfig) -> dict[str, torch.Size]:
    """Whole shapes of what is trained, from a copy of the model without memory."""
    return trained_shapes(add_adapter(_empty_copy(model), config, seed=0))


def _empty_copy(model: Any) -> Any:
    with torch.device("meta"):
        empty = type(model)._from_config(copy.deepcopy(model.config), dtype=model.dtype)
    empty.tie_weights()
    return empty


def trained_shapes(model: torch.nn.Module) -> dict[str, torch.Size]:
    """Names and shapes of what is trained.

    Args:
        model: With its adapter; whole shapes need a whole model, which may lie on the meta device.
    """
    return {name: _shape(parameter) for name, parameter in model.named_parameters() if parameter.requires_grad}


def _shape(parameter: torch.nn.Parameter) -> torch.Size:
    """Shape of a parameter, also where ZeRO-3 has partitioned it."""
    return torch.Size(getattr(parameter, "ds_shape", parameter.shape))


@torch.no_grad()
def _initialise(adapted: torch.nn.Module, whole: Mapping[str, torch.Size], seed: int, parallel: TensorParallel) -> None:
    for name, parameter in adapted.named_parameters():
        if not parameter.requires_grad or parameter.is_meta:
            continue
        value = _start_value(name, whole[name], seed)
        for dim, (own, full) in enumerate(zip(parameter.shape, whole[name], strict=True)):
            if own != full:
                value = parallel.slice(value, dim)
        parameter.copy_(value)


def _start_value(name: str, shape: torch.Size, seed: int) -> torch.Tensor:
    """Start value of a trained tensor as PEFT chooses it, but for the random numbers."""
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big", signed=True))
    for part, fill in _START_VALUES.items():
        if part in name:
            return fill(torch.empty(shape), generator)
    raise AssertionError(f"no start value for {name}")


def _kaiming_uniform(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.nn.init.kaiming_uniform_(tensor, a=math.sqrt(5), generator=generator)


def _small_weight(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    is_bias = tensor.dim() == 1
    return tensor.zero_() if is_bias else tensor.normal_(std=INITIAL_STANDARD_DEVIATION, generator=generator)


_START_VALUES: Mapping[str, Callable[[torch.Tensor, torch.Generator], torch.Tensor]] = {
    ".lora_A.": _kaiming_uniform,
    ".lora_B.": lambda tensor, _: tensor.zero_(),
    ".ia3_l.": lambda tensor, _: tensor.fill_(1.0),
    ".bottleneck_down.": _small_weight,
    ".bottleneck_up.": lambda tensor, _: tensor.zero_(),
    _PROMPT: lambda tensor, generator: tensor.normal_(generator=generator),
}


def count_parameters(model: torch.nn.Module) -> tuple[int, int]:
    """Trainable parameters and all parameters (base and adapter); tied weights count once.

    Quantized weights count by what they stand for, those partitioned by ZeRO-3 as a whole. Of a model cut for tensor
    parallelism only this process's part counts.
    """
    parameters = list(model.parameters())
    return sum(_num_elements(p) for p in parameters if p.requires_grad), sum(_num_elements(p) for p in parameters)


def _num_elements(parameter: Any) -> int:
    quantization = getattr(parameter, "quant_state", None)  # bitsandbytes packs two 4-bit numbers into a byte
    shape = _shape(parameter) if quantization is None else quantization.shape
    return math.prod(shape)


def save_adapter(
    model: Any,
    tokenizer: Any,
    folder: Path,
    state: Mapping[str, torch.Tensor] | None = None,
    *,
    new_rows: NewRows | None = None,
) -> None:
    """Save what was trained, and the tokenizer; the folder is either whole or absent.

    An adapter is saved in PEFT's format and fp32; with method full the whole model in its own precision, in Hugging
    Face's format.

    Args:
        model: As `add_adapter` returned it; its weights are not touched where `state` is given.
        tokenizer: Goes with it.
        folder: Is replaced.
        state: Whole trained tensors by parameter name; read from the model where not given. With method full, frozen
            weights that are not in it are read from the model, which must hold them whole.
        new_rows: Embeddings of new tokens as they started; saved with LoRA, in place of them what `state` has.
    """
    with whole_folder(folder) as temporary:
        if isinstance(model, PeftModel):
            state = state if state is not None else _trained_state(model)
            _save_peft(model, temporary, state)
            if new_rows is not None and model.peft_config[_NAME].peft_type == PeftType.LORA:
                save_new_rows(temporary, new_rows.updated(state))
        else:
            _save_full(model, temporary, state or {})
        save_tokenizer(tokenizer, temporary)


def _trained_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach() for name, parameter in model.named_parameters() if parameter.requires_grad}


def _save_peft(model: Any, folder: Path, state: Mapping[str, torch.Tensor]) -> None:
    config = copy.copy(model.peft_config[_NAME])
    config.inference_mode = True
    if config.is_prompt_learning:
        tensors = {"prompt_embeddings": state[_PROMPT]}
    else:
        # Embeddings are frozen; left to find that out, PEFT asks the hub for the base model's vocabulary.
        tensors = get_peft_model_state_dict(model, state_dict=dict(state), save_embedding_layers=False)
    tensors = {name: tensor.to("cpu", torch.float32).contiguous() for name, tensor in tensors.items()}
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config.save_pretrained(folder)


def _save_full(model: Any, folder: Path, state: Mapping[str, torch.Tensor]) -> None:
    empty = _empty_copy(model)
    own = model.state_dict()
    tensors = {}
    for name, whole in empty.named_parameters():  # tied weights are named once
        tensor = state[name] if name in state else own[name]
        assert tensor.shape == whole.shape, f"{name} is not whole: {tuple(tensor.shape)}, not {tuple(whole.shape)}"
        tensors[name] = tensor.to("cpu", whole.dtype)
    empty.save_pretrained(folder, state_dict=tensors)


def load_adapter(model: Any, folder: Path) -> Any:
    """Put what was trained onto the base model, for evaluation.

    Args:
        model: Base model, whole; changed in place.
        folder: As `save_adapter` wrote it.

    Returns:
        The PEFT model, or the given model with the weights of a fully trained one.
    """
    if (folder / "adapter_config.json").is_file():
        return PeftModel.from_pretrained(model, folder).eval()
    trained = type(model).from_pretrained(folder, dtype=model.dtype)
    model.load_state_dict(trained.state_dict())
    return model.eval()


def weights_digest(folder: Path) -> str:
    """Identifies the weights of a saved adapter or model.

    Raises:
        InputMissingError: There are none.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise InputMissingError(f"{folder} holds no adapter: run `legaltune train` first")
    return hashlib.sha256("".join(sha256_of(file) for file in files).encode()).hexdigest()
