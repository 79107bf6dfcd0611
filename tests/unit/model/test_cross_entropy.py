from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy
from torch.utils._python_dispatch import TorchDispatchMode

from legaltune.model import cross_entropy as module
from legaltune.model.cross_entropy import linear_cross_entropy
from legaltune.model.tensor_parallel import TensorParallel

PRECISION = {torch.float64: 1e-12, torch.float32: 2e-6, torch.bfloat16: 3e-3, torch.float16: 4e-4}


def make_inputs(
    num_targets: int = 37, vocabulary: int = 401, hidden: int = 16, dtype: torch.dtype = torch.float32, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Hidden states, weight, targets, bias."""
    generator = torch.Generator().manual_seed(seed)
    states = torch.randn(num_targets, hidden, generator=generator).to(dtype)
    weight = torch.randn(vocabulary, hidden, generator=generator).to(dtype)
    targets = torch.randint(vocabulary, (num_targets,), generator=generator)
    return states, weight, targets, torch.randn(vocabulary, generator=generator).to(dtype)


def reference(
    states: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, bias: torch.Tensor, upstream: float = 1.0
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Loss of each target, and gradients of hidden states, weight and bias, by the textbook in fp64."""
    inputs = [tensor.detach().double().requires_grad_() for tensor in (states, weight, bias)]
    losses = cross_entropy(inputs[0] @ inputs[1].T + inputs[2], targets, reduction="none")
    return losses.detach(), list(torch.autograd.grad(losses.sum() * upstream, inputs))


def relative(value: torch.Tensor, expected: torch.Tensor) -> float:
    return float((value.detach().double() - expected).norm() / expected.norm())


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("chunk_size", [1, 10, 37, 1000, None])
def test_values_and_gradients_are_exact_to_the_precision_of_the_input(
    dtype: torch.dtype, chunk_size: int | None
) -> None:
    states, weight, targets, bias = make_inputs(dtype=dtype)
    losses, gradients = reference(states, weight, targets, bias, upstream=1 / 7)
    inputs = [tensor.requires_grad_() for tensor in (states, weight, bias)]
    total, per_target = linear_cross_entropy(states, weight, targets, bias=bias, chunk_size=chunk_size)
    (total / 7).backward()  # type: ignore[no-untyped-call]

    assert total.dtype == per_target.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert not per_target.requires_grad
    exact = PRECISION[torch.float64 if dtype == torch.float64 else torch.float32]
    assert relative(per_target, losses) < exact
    assert relative(total, losses.sum()) < exact
    for tensor, expected in zip(inputs, gradients, strict=True):
        assert tensor.grad is not None and tensor.grad.dtype == dtype
        assert relative(tensor.grad, expected) < PRECISION[dtype]


@settings(deadline=None, max_examples=50)
@given(
    num_targets=st.integers(0, 20),
    vocabulary=st.integers(1, 50),
    hidden=st.integers(1, 8),
    chunk_size=st.integers(1, 25),
    seed=st.integers(0, 2**31),
    trained=st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_any_shape_and_any_choice_of_what_is_trained(
    num_targets: int, vocabulary: int, hidden: int, chunk_size: int, seed: int, trained: list[bool]
) -> None:
    states, weight, targets, bias = make_inputs(num_targets, vocabulary, hidden, torch.float64, seed)
    losses, gradients = reference(states, weight, targets, bias)
    inputs = states, weight, bias
    for tensor, is_trained in zip(inputs, trained, strict=True):
        tensor.requires_grad_(is_trained)
    total, per_target = linear_cross_entropy(states, weight, targets, bias=bias, chunk_size=chunk_size)
    assert torch.allclose(per_target, losses, rtol=0, atol=1e-12)
    assert total.requires_grad == any(trained)
    if any(trained):
        total.backward()  # type: ignore[no-untyped-call]
    for tensor, expected, is_trained in zip(inputs, gradients, trained, strict=True):
        assert (tensor.grad is not None) == is_trained
        if tensor.grad is not None:
            assert torch.allclose(tensor.grad, expected, rtol=0, atol=1e-11)


def test_gradients_are_those_of_finite_differences() -> None:
    states, weight, targets, bias = make_inputs(5, 11, 8, torch.float64)
    indices = torch.tensor([int(targets[0]), (int(targets[0]) + 4) % 11])
    values = torch.randn(2, 8, dtype=torch.float64)

    def loss(*inputs: torch.Tensor) -> torch.Tensor:
        own, head, offset, new = inputs
        return linear_cross_entropy(own, head, targets, bias=offset, rows=(indices, new), chunk_size=2)[0]

    assert torch.autograd.gradcheck(loss, [tensor.requires_grad_() for tensor in (states, weight, bias, values)])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_trained_rows_stand_in_place_of_rows_of_the_frozen_weight(dtype: torch.dtype) -> None:
    states, weight, targets, bias = make_inputs(dtype=dtype)
    indices = torch.tensor([int(targets[3]), (int(targets[3]) + 1) % 401, 400])
    values = torch.randn(3, 16).requires_grad_()  # trained rows may be kept in fp32
    replaced = weight.double().index_copy(0, indices, values.detach().double())
    losses, (of_states, of_weight, _) = reference(states, replaced, targets, bias)

    states.requires_grad_()
    total, per_target = linear_cross_entropy(states, weight, targets, bias=bias, rows=(indices, values), chunk_size=10)
    total.backward()  # type: ignore[no-untyped-call]
    assert relative(per_target, losses) < PRECISION[torch.float32]
    assert states.grad is not None and values.grad is not None and weight.grad is None
    assert relative(states.grad, of_states) < PRECISION[dtype]
    assert relative(values.grad, of_weight[indices]) < PRECISION[torch.float32]


def test_no_targets_give_a_zero_that_can_be_differentiated() -> None:
    states, weight, targets, _ = make_inputs(num_targets=0)
    total, per_target = linear_cross_entropy(states.requires_grad_(), weight.requires_grad_(), targets)
    total.backward()  # type: ignore[no-untyped-call]
    assert total.item() == 0 and per_target.shape == (0,)
    assert states.grad is not None and states.grad.shape == states.shape
    assert weight.grad is not None and not weight.grad.any()


class _LargestTensor(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records the number of elements of the largest tensor that an operation makes."""

    largest = 0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            if isinstance(tensor, torch.Tensor):
                self.largest = max(self.largest, tensor.numel())
        return result


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_no_more_than_one_chunk_of_logits_exists(dtype: torch.dtype) -> None:
    states, weight, targets, _ = make_inputs(640, 2_000, 4, dtype)
    with _LargestTensor() as seen:
        linear_cross_entropy(states.requires_grad_(), weight, targets, chunk_size=32)[0].backward()  # type: ignore[no-untyped-call]
    assert seen.largest == 32 * 2_000


def test_the_default_chunk_holds_as_many_targets_as_fit() -> None:
    states, weight, targets, _ = make_inputs(5_000, 20_000, 1)
    with _LargestTensor() as seen, torch.no_grad():
        linear_cross_entropy(states, weight, targets)
    assert 32 * 2**20 < seen.largest * 4 <= 64 * 2**20


class _ProductCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the multiplications in matrix products."""

    count = 0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.overloadpacket in (torch.ops.aten.mm, torch.ops.aten.addmm, torch.ops.aten.addmm_):
            left, right = args[-2:]
            self.count += int(left.numel() * right.shape[1])
        return func(*args, **(kwargs or {}))


def test_only_what_is_needed_is_computed() -> None:
    states, weight, targets, _ = make_inputs()

    def products(*, states_trained: bool, weight_trained: bool) -> float:
        states.requires_grad_(states_trained)
        weight.requires_grad_(weight_trained)
        with _ProductCounter() as counter:
            linear_cross_entropy(states, weight, targets, chunk_size=10)
        return float(counter.count / (states.numel() * len(weight)))

    assert products(states_trained=False, weight_trained=False) == 1
    assert products(states_trained=True, weight_trained=False) == 2
    assert products(states_trained=True, weight_trained=True) == 3
    with torch.no_grad():
        assert products(states_trained=True, weight_trained=True) == 1


@pytest.mark.parametrize("is_mixed", [False, True])
def test_float16_gradients_too_small_for_float16_survive_until_the_loss_scale(
    is_mixed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    states, weight, targets, bias = make_inputs(dtype=torch.float16)
    weight = weight * 2.0**-14
    losses, (of_states, _, _) = reference(states, weight, targets, torch.zeros_like(bias))
    assert of_states.abs().median() < torch.finfo(torch.float16).tiny  # would be rounded hard
    if is_mixed:
        _emulate_mixed_products(monkeypatch)
    total, per_target = linear_cross_entropy(states.requires_grad_(), weight, targets)
    (total * 2.0**16).backward()  # type: ignore[no-untyped-call]
    assert states.grad is not None
    assert relative(per_target, losses) < 1e-6
    assert relative(states.grad, of_states * 2.0**16) < PRECISION[torch.float16]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_products_of_16_bit_factors_with_fp32_sums(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    states, weight, targets, bias = make_inputs(300, 2_000, dtype=dtype)
    losses, gradients = reference(states, weight, targets, bias)
    _emulate_mixed_products(monkeypatch)
    inputs = [tensor.requires_grad_() for tensor in (states, weight, bias)]
    total, per_target = linear_cross_entropy(states, weight, targets, bias=bias, chunk_size=100)
    total.backward()  # type: ignore[no-untyped-call]
    assert relative(per_target, losses) < 1e-6
    for tensor, expected in zip(inputs, gradients, strict=True):
        assert tensor.grad is not None
        assert relative(tensor.grad, expected) < PRECISION[dtype]


def test_small_probabilities_keep_the_precision_of_float16(monkeypatch: pytest.MonkeyPatch) -> None:
    states, weight, targets, bias = make_inputs(20, 100_000, 4, torch.float16)
    weight = weight / 16  # all probabilities lie near 1e-5, where float16 has steps of half a percent
    _, (_, of_weight, _) = reference(states, weight, targets, torch.zeros_like(bias))
    _emulate_mixed_products(monkeypatch)
    total, _ = linear_cross_entropy(states, weight.requires_grad_(), targets)
    (total * 2.0**10).backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None
    others = torch.ones(len(weight), dtype=torch.bool).index_fill(0, targets, False)
    assert relative(weight.grad[others], of_weight[others] * 2.0**10) < PRECISION[torch.float16]


def _emulate_mixed_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """What CUDA has and a CPU lacks."""

    def mm(left: torch.Tensor, right: torch.Tensor, *, out_dtype: torch.dtype, out: torch.Tensor) -> torch.Tensor:
        assert left.dtype == right.dtype and out.dtype == out_dtype == torch.float32
        return out.copy_(left.float() @ right.float())

    def addmm(
        total: torch.Tensor,
        left: torch.Tensor,
        right: torch.Tensor,
        *,
        out_dtype: torch.dtype,
        alpha: float,
        out: torch.Tensor,
    ) -> torch.Tensor:
        assert left.dtype == right.dtype and total.dtype == out_dtype == torch.float32
        return out.copy_(total + alpha * (left.float() @ right.float()))

    monkeypatch.setattr(module, "_has_mixed_products", lambda _: True)
    monkeypatch.setattr(torch, "mm", mm)
    monkeypatch.setattr(torch, "addmm", addmm)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_torch_has_these_products_for_the_shapes_used(dtype: torch.dtype) -> None:
    states, weight = torch.empty(10, 16, dtype=dtype, device="meta"), torch.empty(401, 16, dtype=dtype, device="meta")
    logits, gradient = torch.empty(10, 401, device="meta"), torch.empty(401, 16, device="meta")
    assert torch.mm(states, weight.t(), out_dtype=torch.float32, out=logits) is logits
    left = torch.empty(10, 401, dtype=dtype, device="meta").t()
    assert torch.addmm(gradient, left, states, out_dtype=torch.float32, alpha=0.5, out=gradient) is gradient


def test_extreme_logits_neither_overflow_nor_vanish() -> None:
    states, weight, targets, bias = make_inputs()
    states = states * 1e4
    losses, (of_states, _, _) = reference(states, weight, targets, torch.zeros_like(bias))
    assert losses.max() > 1e4
    total, per_target = linear_cross_entropy(states.requires_grad_(), weight, targets)
    total.backward()  # type: ignore[no-untyped-call]
    assert states.grad is not None
    assert torch.allclose(per_target.double(), losses, rtol=1e-6, atol=0.02)  # fp32 resolves logits of 1e5 to 0.008
    assert relative(states.grad, of_states) < 1e-2


def test_it_can_be_differentiated_once_and_no_more() -> None:
    states, weight, targets, _ = make_inputs()
    total, _ = linear_cross_entropy(states.requires_grad_(), weight, targets)
    factor = torch.ones((), requires_grad=True)
    (gradient,) = torch.autograd.grad(total * factor, states, create_graph=True)
    with pytest.raises(RuntimeError, match="twice"):
        gradient.sum().backward()  # type: ignore[no-untyped-call]


def test_a_target_outside_the_vocabulary_is_an_error() -> None:
    states, weight, targets, _ = make_inputs()
    with pytest.raises(RuntimeError, match="out of bounds"):
        linear_cross_entropy(states, weight, targets + 401)


def test_what_tensor_parallelism_does_not_carry_is_refused() -> None:
    states, weight, targets, _ = make_inputs()
    parallel = TensorParallel(rank=1, size=2)
    with pytest.raises(ValueError, match="holds rows 200 to 401"):
        linear_cross_entropy(states, weight, targets, parallel=parallel, vocabulary_size=401)
    with pytest.raises(ValueError, match="new tokens"):
        linear_cross_entropy(
            states, weight[200:], targets, parallel=parallel, vocabulary_size=401, rows=(targets[:1], weight[:1])
        )
