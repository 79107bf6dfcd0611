"""Output layer and cross-entropy in one, some targets at a time, so that the logits never exist as a whole.

The gradient of a target's loss with respect to its logits is softmax minus one-hot, known as soon as the logits are. So
the forward pass turns each chunk of logits into gradients of hidden states and weight at once, and the next chunk takes
its place (Wijmans et al. 2024, arXiv 2411.09009, give the memory argument).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from legaltune.model.tensor_parallel import TensorParallel

# Logits of one chunk: larger chunks read the weight less often and take more memory. From these sizes on, time
# hardly falls (measured on a CPU at vocabularies of 32,000 and 152,064).
_CHUNK_BYTES = {"cpu": 64 * 2**20, "cuda": 256 * 2**20}
_LEAST_CHUNK_SIZE = 128
_CONVERTED_BYTES = 8 * 2**20  # of a 16-bit weight that is converted piece by piece
_SHIFT = 2.0**15  # probabilities times this fit float16, and those above 2e-9 keep its full precision
_LEAST_FACTOR = 1e-30


def linear_cross_entropy(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    targets: torch.Tensor,
    *,
    bias: torch.Tensor | None = None,
    parallel: TensorParallel = TensorParallel(),  # noqa: B008  immutable
    vocabulary_size: int | None = None,
    rows: tuple[torch.Tensor, torch.Tensor] | None = None,
    chunk_size: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy of `hidden @ weight.T + bias`, with logits, softmax and all sums in fp32 (fp64 for fp64 input).

    Args:
        hidden: Hidden states that predict a target, shape (targets, hidden size).
        weight: Shape (vocabulary, hidden size), frozen or trained, of the precision of `hidden`. Under tensor
            parallelism the rows `parallel.span(vocabulary_size)` of it; the softmax is then taken over the group.
        targets: Token ids, shape (targets,).
        bias: Shape as the rows of `weight`.
        parallel: The processes that share the vocabulary; all of them call with the same hidden states and targets.
        vocabulary_size: Rows of the whole weight; needed under tensor parallelism.
        rows: Token ids, shape (k,), and the vectors that stand in place of these rows of the weight, shape (k, hidden
            size): gradients go to the vectors. Not under tensor parallelism.
        chunk_size: Most targets whose logits exist at once; by default as many as fit 64 MiB (256 MiB on CUDA), but at
            least 128.

    Returns:
        The sum over targets in nats, differentiable once, and the cross-entropy of each target, detached, shape
        (targets,); both fp32.

    Raises:
        ValueError: The weight is not this process's part, or `rows` come with tensor parallelism.
    """
    first = _first_row(weight, parallel, vocabulary_size, rows)
    if chunk_size is None:
        chunk_size = _default_chunk_size(-(-(vocabulary_size or len(weight)) // parallel.size), hidden)
    indices, values = rows or (None, None)
    total, per_target = _LinearCrossEntropy.apply(  # type: ignore[no-untyped-call]
        hidden, weight, bias, values, indices, targets - first, parallel, chunk_size, torch.is_grad_enabled()
    )
    return total, per_target


def _first_row(
    weight: torch.Tensor,
    parallel: TensorParallel,
    vocabulary_size: int | None,
    rows: tuple[torch.Tensor, torch.Tensor] | None,
) -> int:
    """Token id of the first row of this process's part."""
    if parallel.size == 1:
        return 0
    if rows is not None:
        raise ValueError("rows of new tokens are not shared between processes: set the tensor-parallel degree to 1")
    first, stop = parallel.span(vocabulary_size or 0)
    if len(weight) != stop - first:
        raise ValueError(
            f"weight has {len(weight)} rows; process {parallel.rank} of {parallel.size} holds rows {first} to {stop} "
            f"of a vocabulary of {vocabulary_size}: pass vocabulary_size and that part"
        )
    return first


def _default_chunk_size(num_rows: int, hidden: torch.Tensor) -> int:
    """Targets whose logits fit the budget; the same in all processes of a group, because each chunk has a collective.

    Args:
        num_rows: Rows of the largest part of the weight.
        hidden: For device and precision.
    """
    itemsize = _sum_dtype(hidden).itemsize
    fitting = _CHUNK_BYTES.get(hidden.device.type, _CHUNK_BYTES["cuda"]) // (num_rows * itemsize)
    fitting = max(fitting // 64 * 64, _LEAST_CHUNK_SIZE)
    num_chunks = max(-(-len(hidden) // fitting), 1)
    return max(-(-len(hidden) // num_chunks), 1)


def _sum_dtype(tensor: torch.Tensor) -> torch.dtype:
    return torch.promote_types(tensor.dtype, torch.float32)


class _LinearCrossEntropy(torch.autograd.Function):
    """Keeps the gradients, scaled for an upstream gradient of one, instead of what they are made from."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        values: torch.Tensor | None,
        indices: torch.Tensor | None,
        targets: torch.Tensor,
        parallel: TensorParallel,
        chunk_size: int,
        is_differentiated: bool,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        dtype = _sum_dtype(hidden)
        inputs = hidden, weight, bias, values
        gradients = [
            torch.zeros_like(tensor, dtype=dtype) if tensor is not None and is_needed and is_differentiated else None
            for tensor, is_needed in zip(inputs, ctx.needs_input_grad, strict=False)
        ]
        of_hidden, of_weight, of_bias, of_values = gradients
        losses = torch.empty(len(targets), dtype=dtype, device=hidden.device)
        buffer = torch.empty(min(chunk_size, len(targets)), len(weight), dtype=dtype, device=hidden.device)
        for start in range(0, len(targets), chunk_size):
            chunk = slice(start, start + chunk_size)
            states, ids = hidden[chunk], targets[chunk]
            logits = buffer[: len(ids)]
            _write_logits(logits, states, weight, bias, values, indices)
            losses[chunk], differences, factors = _softmax(logits, ids, parallel)
            if any(gradient is not None for gradient in gradients):
                if of_bias is not None:
                    of_bias.addmv_(differences.t(), factors)
                own = None if of_hidden is None else of_hidden[chunk]
                replaced = _take_rows(differences, factors, states, indices, of_values)
                _add_gradients(differences, factors, states, weight, own, of_weight)
                if own is not None and replaced is not None and values is not None:
                    own.addmm_(replaced, values.to(dtype))
        if of_hidden is not None and len(targets):
            parallel.sum(of_hidden)
        ctx.save_for_backward(*gradients)
        ctx.dtypes = [None if tensor is None else tensor.dtype for tensor in inputs]
        ctx.mark_non_differentiable(losses)
        return losses.sum(), losses

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: torch.Tensor, _: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        # The gradients are rounded to 16 bits only here: before a loss scale is applied, float16 would lose small ones.
        scaled = [
            None if gradient is None else torch.mul(gradient, upstream, out=torch.empty_like(gradient, dtype=dtype))
            for gradient, dtype in zip(ctx.saved_tensors, ctx.dtypes, strict=True)
        ]
        return *scaled, None, None, None, None, None


def _write_logits(
    logits: torch.Tensor,
    states: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    values: torch.Tensor | None,
    indices: torch.Tensor | None,
) -> None:
    if _has_mixed_products(weight):
        torch.mm(states, weight.t(), out_dtype=logits.dtype, out=logits)
    else:
        converted = states.to(logits.dtype)
        for rows, part in _converted_parts(weight, logits.dtype):
            torch.mm(converted, part.t(), out=logits[:, rows])
    if values is not None and indices is not None:
        logits.index_copy_(1, indices, states.to(logits.dtype) @ values.to(logits.dtype).t())
    if bias is not None:
        logits.add_(bias)


def _softmax(
    logits: torch.Tensor, targets: torch.Tensor, parallel: TensorParallel
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Cross-entropy, and its gradient with respect to the logits, which is written over them.

    Args:
        logits: This process's part, shape (targets, rows).
        targets: Rows; another process's where they are none of this part.
        parallel: The group over which the softmax is taken.

    Returns:
        Cross-entropy, shape (targets,); the gradient but for a factor per target, shape (targets, rows); that factor.
    """
    if parallel.size == 1:
        place, is_own = targets, torch.ones_like(targets, dtype=torch.bool)
    else:
        is_own = (targets >= 0) & (targets < logits.shape[1])
        place = targets.where(is_own, 0)
    target_logits = logits.gather(1, place[:, None]).squeeze(1).where(is_own, 0.0)
    largest = logits.amax(dim=1)
    sums = logits.sub_(largest[:, None]).exp_().sum(dim=1)
    statistics = torch.stack([largest, sums, target_logits])[None]
    every_largest, every_sum, every_target_logit = parallel.gather(
        statistics, torch.Size((parallel.size, *statistics.shape[1:]))
    ).unbind(1)
    highest = every_largest.amax(dim=0)
    total = (every_sum * (every_largest - highest).exp()).sum(dim=0)
    losses = total.log() + highest - every_target_logit.sum(dim=0)
    # Bounded, so that its reciprocal is finite where all logits of this part are far below another's.
    factors = ((largest - highest).exp() / total).clamp(min=_LEAST_FACTOR)
    return losses, logits.scatter_add_(1, place[:, None], -(is_own / factors)[:, None].to(logits.dtype)), factors


def _take_rows(
    differences: torch.Tensor,
    factors: torch.Tensor,
    states: torch.Tensor,
    indices: torch.Tensor | None,
    of_values: torch.Tensor | None,
) -> torch.Tensor | None:
    """Take the gradient of replaced rows' logits, shape (targets, k), out of the rest, and give it to the vectors."""
    if indices is None:
        return None
    taken = differences.index_select(1, indices) * factors[:, None]
    differences.index_fill_(1, indices, 0.0)
    if of_values is not None:
        of_values.addmm_(taken.t(), states.to(taken.dtype))
    return taken


def _add_gradients(
    differences: torch.Tensor,
    factors: torch.Tensor,
    states: torch.Tensor,
    weight: torch.Tensor,
    of_states: torch.Tensor | None,
    of_weight: torch.Tensor | None,
) -> None:
    """Carry the gradient of the logits on to hidden states and weight."""
    dtype = differences.dtype
    if _has_mixed_products(weight):
        rounded = torch.empty_like(differences, dtype=weight.dtype)
        torch.mul(differences, (factors * _SHIFT)[:, None], out=rounded)
        for sums, left, right in ((of_states, rounded, weight), (of_weight, rounded.t(), states)):
            if sums is not None:
                torch.addmm(sums, left, right, out_dtype=dtype, alpha=1 / _SHIFT, out=sums)
        return
    if of_states is not None:
        for rows, part in _converted_parts(weight, dtype):
            of_states.addmm_(differences[:, rows], part)
        of_states.mul_(factors[:, None])
    if of_weight is not None:
        of_weight.addmm_(differences.t(), states.to(dtype) * factors[:, None])


def _has_mixed_products(weight: torch.Tensor) -> bool:
    """Whether there are matrix products of 16-bit factors with fp32 sums and results."""
    return weight.is_cuda and weight.dtype in (torch.bfloat16, torch.float16)


def _converted_parts(weight: torch.Tensor, dtype: torch.dtype) -> Iterator[tuple[slice, torch.Tensor]]:
    """The weight in another precision: itself where it has it already, else rows after rows, never all of them."""
    if weight.dtype == dtype:
        yield slice(None), weight
        return
    num_rows = max(_CONVERTED_BYTES // (weight.shape[1] * dtype.itemsize), 1)
    for start in range(0, len(weight), num_rows):
        rows = slice(start, min(start + num_rows, len(weight)))
        yield rows, weight[rows].to(dtype)
