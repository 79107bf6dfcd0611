"""The loss of a whole model whose weights are spread over processes."""

from __future__ import annotations

import os
import pickle
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.distributed as dist
from peft import PrefixTuningConfig, PromptTuningConfig, get_peft_model
from transformers import Qwen2Config, Qwen2ForCausalLM

from legaltune.model.attention import use_per_document_attention
from legaltune.model.embeddings import NewRows, train_new_rows
from legaltune.model.loss import TargetLoss
from legaltune.model.tensor_parallel import TensorParallel, connect_layers, shard_layers
from tests.ranks import run_ranks

pytestmark = pytest.mark.distributed

VOCABULARY, NUM_VIRTUAL = 401, 3
LENGTHS = (9, 4, 12)
NEW_TOKENS = [3, 7]


def make_model(kind: str, parallel: TensorParallel = TensorParallel()) -> Any:  # noqa: B008  immutable
    """Kinds: tied or untied, fully trained; rows: new tokens; prompt, prefix."""
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=kind == "tied",
        initializer_range=0.1,
    )
    model: Any = Qwen2ForCausalLM(config)
    shard_layers(model, parallel)
    connect_layers(model, parallel)
    use_per_document_attention(model)
    if kind == "rows":
        model.requires_grad_(False)
        rows = {"model.embed_tokens": torch.randn(2, 32), "lm_head": torch.randn(2, 32)}
        train_new_rows(model, NewRows(NEW_TOKENS, rows))
    elif kind in ("prompt", "prefix"):
        learning = PromptTuningConfig if kind == "prompt" else PrefixTuningConfig
        model = get_peft_model(model, learning(task_type="CAUSAL_LM", num_virtual_tokens=NUM_VIRTUAL))
        weight = model.prompt_encoder["default"].embedding.weight
        torch.nn.init.normal_(weight, generator=torch.Generator().manual_seed(1))
    return model.train()


def make_batch(kind: str) -> Any:
    generator = torch.Generator().manual_seed(2)
    before = NUM_VIRTUAL if kind == "prompt" else 0
    lengths = tuple(length + before for length in LENGTHS)
    boundaries = [sum(lengths[:number]) for number in range(len(lengths) + 1)]
    offset = NUM_VIRTUAL if kind == "prefix" else 0
    sources = torch.cat([torch.arange(end - 3, end - 1) for end in boundaries[1:]])
    ids = torch.randint(8, VOCABULARY, (1, boundaries[-1]), generator=generator)
    ids[0, sources] = torch.tensor(NEW_TOKENS * 3)
    return SimpleNamespace(
        input_ids=ids,
        position_ids=torch.cat([torch.arange(length) + offset for length in lengths])[None],
        cu_seqlens=torch.tensor(boundaries, dtype=torch.int32),
        lengths=lengths,
        source_positions=sources,
        target_ids=ids[0, sources + 1],
        virtual_positions=torch.cat([torch.arange(before) + start for start in boundaries[:-1]]),
    )


def whole_gradients(kind: str) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Loss of each target and gradients in one process."""
    model = make_model(kind)
    total, per_target = TargetLoss(model)(make_batch(kind))
    total.backward()
    return per_target, {name: p.grad for name, p in model.named_parameters() if p.requires_grad}


def zero_3(kind: str) -> bytes:
    import deepspeed
    from deepspeed.utils import safe_get_full_grad

    deepspeed.init_distributed("gloo", dist_init_required=True)
    module = TargetLoss(make_model(kind))
    trained = {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}
    engine, *_ = deepspeed.initialize(
        model=module,
        model_parameters=list(trained.values()),
        optimizer=torch.optim.AdamW(list(trained.values())),
        config={
            "train_micro_batch_size_per_gpu": 1,
            "zero_allow_untested_optimizer": True,
            "zero_optimization": {"stage": 3, "stage3_param_persistence_threshold": 0},
        },
    )
    sharded = all(parameter.numel() < parameter.ds_numel for parameter in module.parameters())  # type: ignore[attr-defined]
    results = []
    for _ in range(2):  # the second pass replays the trace of the first
        total, per_target = engine(make_batch(kind))
        engine.backward(total)
        gradients = {name.removeprefix("model."): safe_get_full_grad(p) for name, p in trained.items()}
        results.append((per_target, gradients))
        engine.optimizer.zero_grad()
    return pickle.dumps((sharded, results))


@pytest.mark.parametrize("kind", ["tied", "untied", "rows", "prompt", "prefix"])
def test_zero_3_gives_the_loss_and_gradients_of_one_process(kind: str) -> None:
    expected, expected_gradients = whole_gradients(kind)
    for answer in run_ranks(2, zero_3, kind):
        sharded, results = pickle.loads(answer)
        assert sharded
        for per_target, gradients in results:
            assert torch.allclose(per_target, expected, rtol=0, atol=1e-5)
            assert gradients.keys() == expected_gradients.keys()
            for name, gradient in expected_gradients.items():
                assert (gradients[name] - gradient).norm() <= 1e-5 * gradient.norm(), name


def tensor_parallel(kind: str) -> bytes:
    rank = int(os.environ["RANK"])
    dist.init_process_group("gloo", rank=rank, world_size=2)
    parallel = TensorParallel(rank, 2, dist.group.WORLD)
    model = make_model(kind, parallel)
    total, per_target = TargetLoss(model, parallel=parallel)(make_batch(kind))
    total.backward()
    return pickle.dumps((per_target, {name: p.grad for name, p in model.named_parameters() if p.requires_grad}))


@pytest.mark.parametrize("kind", ["tied", "untied", "prompt", "prefix"])
def test_tensor_parallelism_gives_the_loss_and_gradients_of_one_process(kind: str) -> None:
    expected, expected_gradients = whole_gradients(kind)
    for rank, answer in enumerate(run_ranks(2, tensor_parallel, kind)):
        per_target, gradients = pickle.loads(answer)
        assert torch.allclose(per_target, expected, rtol=0, atol=1e-5)
        assert gradients.keys() == expected_gradients.keys()
        for name, gradient in gradients.items():
            whole = expected_gradients[name]
            for dim in range(whole.dim()):
                if gradient.shape[dim] != whole.shape[dim]:
                    whole = TensorParallel(rank, 2).slice(whole, dim)
            assert (gradient - whole).norm() <= 1e-5 * whole.norm(), name
