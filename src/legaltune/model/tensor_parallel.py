"""Tensor parallelism: each layer shared between neighbouring processes (Megatron-LM, arXiv 1909.08053).

A layer keeps its class and holds a slice of its weights; what passes between the processes is added by hooks. So
quantized layers and PEFT's layers are sharded like plain ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist

from legaltune.errors import ConfigurationError

COLUMN_PARALLEL = frozenset({"q_proj", "k_proj", "v_proj", "gate_proj", "up_proj"})
ROW_PARALLEL = frozenset({"o_proj", "down_proj"})


@dataclass(frozen=True, slots=True)
class TensorParallel:
    """This process among those that share each layer with it.

    Attributes:
        rank: Index in the group, from 0.
        size: Tensor-parallel degree; 1 is no sharding.
        group: Process group, None where size is 1.
    """

    rank: int = 0
    size: int = 1
    group: dist.ProcessGroup | None = None

    def span(self, length: int) -> tuple[int, int]:
        """First and last index (exclusive) of this process's part of `length` rows; parts differ by at most one."""
        return self.rank * length // self.size, (self.rank + 1) * length // self.size

    def slice(self, tensor: torch.Tensor, dim: int) -> torch.Tensor:
        """This process's part of a whole tensor along one dimension."""
        start, stop = self.span(tensor.shape[dim])
        return tensor.narrow(dim, start, stop - start)

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """Sum over the group, in place; no gradient."""
        if self.size > 1:
            dist.all_reduce(tensor, group=self.group)
        return tensor

    def gather(self, tensor: torch.Tensor, whole: torch.Size) -> torch.Tensor:
        """The whole tensor from each process's part, the parts being cut along the one dimension that differs."""
        different = [dim for dim, (own, full) in enumerate(zip(tensor.shape, whole, strict=True)) if own != full]
        if not different:
            return tensor
        (dim,) = different
        spans = [TensorParallel(rank, self.size).span(whole[dim]) for rank in range(self.size)]
        lengths = [stop - start for start, stop in spans]
        padded = tensor.new_zeros((*whole[:dim], max(lengths), *whole[dim + 1 :]))  # a gather wants equal shapes
        padded.narrow(dim, 0, tensor.shape[dim]).copy_(tensor)
        parts = [torch.empty_like(padded) for _ in lengths]
        dist.all_gather(parts, padded, group=self.group)
        return torch.cat([part.narrow(dim, 0, length) for part, length in zip(parts, lengths, strict=True)], dim)


class _Copy(torch.autograd.Function):
    """Identity; the gradient is summed over the group (Megatron's f)."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, parallel: TensorParallel) -> torch.Tensor:
        ctx.parallel = parallel
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        return ctx.parallel.sum(gradients[0].contiguous().clone()), None


class _Reduce(torch.autograd.Function):
    """Sum over the group; the gradient passes unchanged (Megatron's g)."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, parallel: TensorParallel) -> torch.Tensor:
        return parallel.sum(x.contiguous().clone())

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        return gradients[0], None


def copy_to_shards(x: torch.Tensor, parallel: TensorParallel) -> torch.Tensor:
    """Input of a column-parallel layer: unchanged, its gradient summed over the group."""
    result: torch.Tensor = _Copy.apply(x, parallel)  # type: ignore[no-untyped-call]
    return result


def reduce_from_shards(x: torch.Tensor, parallel: TensorParallel) -> torch.Tensor:
    """Output of a row-parallel layer: summed over the group, its gradient unchanged."""
    result: torch.Tensor = _Reduce.apply(x, parallel)  # type: ignore[no-untyped-call]
    return result


class VocabularyParallelEmbedding(torch.nn.Embedding):
    """Embedding that holds this process's rows of the table; the others' rows come from their holders."""

    def __init__(self, whole: torch.nn.Embedding, parallel: TensorParallel) -> None:
        start, stop = parallel.span(whole.num_embeddings)
        weight = torch.nn.Parameter(parallel.slice(whole.weight.detach(), 0), requires_grad=whole.weight.requires_grad)
        super().__init__(stop - start, whole.embedding_dim, _weight=weight)  # without padding_idx: it is another's row
        self.weight = weight
        self._start = start
        self._parallel = parallel

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Look up token ids, shape (...), as whole embeddings, shape (..., hidden size), the same in each process."""
        local = input - self._start
        foreign = (local < 0) | (local >= self.num_embeddings)
        rows = super().forward(local.masked_fill(foreign, 0)).masked_fill(foreign.unsqueeze(-1), 0)
        return reduce_from_shards(rows, self._parallel)


def shard_layers(model: Any, parallel: TensorParallel) -> None:
    """Cut the layers of a Hugging Face causal language model down to this process's part, in place.

    Projections to heads and to the MLP's width are cut by output rows (column-parallel), those back by input columns
    (row-parallel), embedding and output layer by vocabulary. The weights may lie on the meta device. The layers do not
    communicate before `connect_layers`.

    Raises:
        ConfigurationError: The model has no layers of these names.
    """
    if parallel.size == 1:
        return
    found = set()
    for name, module in model.named_modules():
        last = name.rpartition(".")[2]
        if isinstance(module, torch.nn.Linear) and last in COLUMN_PARALLEL | ROW_PARALLEL:
            _shard_linear(module, parallel, dim=0 if last in COLUMN_PARALLEL else 1)
            found.add(last)
    if found != COLUMN_PARALLEL | ROW_PARALLEL:
        missing = ", ".join(sorted((COLUMN_PARALLEL | ROW_PARALLEL) - found))
        raise ConfigurationError(
            f"parallel.tensor_parallel_degree {parallel.size} needs layers named {missing}, which "
            f"{type(model).__name__} lacks: set it to 1 and shard by parallel.zero_stage 3"
        )
    _shard_vocabulary(model, parallel)


def require_trainable(model: torch.nn.Module, parallel: TensorParallel) -> None:
    """Refuse to train what each process holds whole but uses with its own heads, or what only the first one holds.

    Args:
        model: The whole model, with what is trained marked; it may lie on the meta device.
        parallel: How it is to be cut.

    Raises:
        ConfigurationError: Norms within attention (Qwen3), or biases of row-parallel layers, are to be trained.
    """
    if parallel.size == 1:
        return
    norms = re.compile(r"self_attn\.\w*norm\.")
    biases = re.compile(rf"({'|'.join(sorted(ROW_PARALLEL))})\.bias$")
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    faults = [name for name in trained if norms.search(name) or biases.search(name)]
    if faults:
        raise ConfigurationError(
            f"{faults[0]} cannot be trained with parallel.tensor_parallel_degree {parallel.size}: set it to 1 and "
            "shard by parallel.zero_stage 3, or train an adapter"
        )


def connect_layers(model: torch.nn.Module, parallel: TensorParallel) -> None:
    """Let the cut layers communicate; call it once, after they were quantized (which replaces them)."""
    if parallel.size == 1:
        return
    for name, module in model.named_modules():
        last = name.rpartition(".")[2]
        if last in COLUMN_PARALLEL | ROW_PARALLEL:
            communicate(module, parallel, dim=0 if last in COLUMN_PARALLEL else 1)


def _shard_linear(linear: torch.nn.Linear, parallel: TensorParallel, *, dim: int) -> None:
    """Keep this process's part of a linear layer: output rows (dim 0) or input columns (dim 1).

    Row-parallel layers sum their outputs, so that only the first process keeps the bias.
    """
    linear.weight = _part(linear.weight, parallel, dim)
    linear.out_features, linear.in_features = linear.weight.shape
    if linear.bias is not None and dim == 0:
        linear.bias = _part(linear.bias, parallel, 0)
    elif linear.bias is not None and parallel.rank > 0:
        linear.register_parameter("bias", None)


def communicate(module: torch.nn.Module, parallel: TensorParallel, *, dim: int) -> None:
    """Add what a layer that holds a part of its weights needs: f before a cut of outputs, g after a cut of inputs."""
    if dim == 0:
        module.register_forward_pre_hook(lambda _, args: (copy_to_shards(args[0], parallel), *args[1:]))
    else:
        module.register_forward_hook(lambda _, args, output: reduce_from_shards(output, parallel))


def _shard_vocabulary(model: Any, parallel: TensorParallel) -> None:
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    if type(embedding) is not torch.nn.Embedding:
        raise ConfigurationError(
            f"parallel.tensor_parallel_degree {parallel.size} needs a plain embedding, {type(model).__name__} has "
            f"{type(embedding).__name__}: set it to 1 and shard by parallel.zero_stage 3"
        )
    tied = head.weight is embedding.weight
    parallel_embedding = VocabularyParallelEmbedding(embedding, parallel)
    model.set_input_embeddings(parallel_embedding)
    head.weight = parallel_embedding.weight if tied else _part(head.weight, parallel, 0)
    if head.bias is not None:
        head.bias = _part(head.bias, parallel, 0)
    head.out_features = head.weight.shape[0]


def _part(parameter: torch.Tensor, parallel: TensorParallel, dim: int) -> torch.nn.Parameter:
    part = parallel.slice(parameter.detach(), dim).clone()
    return torch.nn.Parameter(part, requires_grad=parameter.requires_grad)
