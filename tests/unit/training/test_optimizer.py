from __future__ import annotations

import pytest
import torch
from torch import nn

from legaltune.config.schema import OptimizerConfig
from legaltune.errors import ConfigurationError
from legaltune.training.optimizer import MasterWeights, make_optimizer

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
CONFIG = OptimizerConfig(learning_rate=1e-2, beta1=0.8, beta2=0.9, epsilon=1e-6, weight_decay=0.1)


def adamw_formula(
    weight: torch.Tensor, gradients: list[torch.Tensor], rates: list[float], config: OptimizerConfig
) -> torch.Tensor:
    """arXiv 1711.05101, algorithm 2, in fp64."""
    weight = weight.double()
    first, second = torch.zeros_like(weight), torch.zeros_like(weight)
    for step, (gradient, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
        first = config.beta1 * first + (1 - config.beta1) * gradient
        second = config.beta2 * second + (1 - config.beta2) * gradient**2
        denominator = (second / (1 - config.beta2**step)).sqrt() + config.epsilon
        weight = weight - rate * (first / (1 - config.beta1**step) / denominator + config.weight_decay * weight)
    return weight


@pytest.mark.parametrize(("name", "tolerance"), [("adamw", 1e-5), ("adamw_8bit", 2e-2)])
def test_updates_are_those_of_the_paper_with_a_rate_per_step(name: str, tolerance: float) -> None:
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(128, 128, generator=generator)
    gradients = [torch.randn(128, 128, generator=generator) for _ in range(5)]
    rates = [1e-2, 2e-2, 1e-2, 5e-3, 1e-3]
    config = CONFIG.model_copy(update={"name": name})
    parameter = nn.Parameter(start.clone())
    optimizer = make_optimizer([parameter], config, CUDA)

    for gradient, rate in zip(gradients, rates, strict=True):
        for group in optimizer.param_groups:
            group["lr"] = rate
        parameter.grad = gradient.clone()
        optimizer.step()

    expected = adamw_formula(start, gradients, rates, config)
    assert (parameter - expected).norm() <= tolerance * (expected - start).norm()


def test_8bit_moments_take_a_quarter_of_the_memory() -> None:
    sizes = {}
    for name in ("adamw", "adamw_8bit"):
        parameter = nn.Parameter(torch.randn(512, 512))
        optimizer = make_optimizer([parameter], CONFIG.model_copy(update={"name": name}), CUDA)
        parameter.grad = torch.randn(512, 512)
        optimizer.step()
        state = optimizer.state[parameter].values()
        sizes[name] = sum(value.nbytes for value in state if isinstance(value, torch.Tensor))

    assert sizes["adamw_8bit"] < 0.27 * sizes["adamw"]


def train(model: nn.Module, *, masters: bool) -> list[float]:
    """Steps so small that bfloat16 parameters alone would not move."""
    parameters = list(model.parameters())
    weights = MasterWeights(parameters) if masters else None
    trained = weights.parameters if weights else parameters
    optimizer = make_optimizer(trained, OptimizerConfig(learning_rate=2e-4), CPU)
    x, y = torch.randn(2, 32, 16, generator=torch.Generator().manual_seed(1))
    losses = []
    for _ in range(60):
        prediction = model(x.to(parameters[0].dtype)).float()
        loss = (prediction - y[:, :4]).square().mean()
        loss.backward()
        if weights:
            weights.collect_gradients()
        optimizer.step()
        optimizer.zero_grad()
        if weights:
            weights.write_back()
        losses.append(float(loss.detach()))
    return losses


def mlp(dtype: torch.dtype) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(16, 64), nn.Tanh(), nn.Linear(64, 4)).to(dtype)


def test_small_updates_add_up_in_the_masters() -> None:
    exact = train(mlp(torch.float32), masters=False)
    with_masters = train(mlp(torch.bfloat16), masters=True)
    without = train(mlp(torch.bfloat16), masters=False)

    fall = exact[0] - exact[-1]
    assert abs(with_masters[-1] - exact[-1]) < 0.05 * fall
    assert abs(without[-1] - exact[-1]) > 0.15 * fall


def test_fp32_parameters_are_their_own_masters() -> None:
    low, high = nn.Parameter(torch.ones(3, dtype=torch.bfloat16)), nn.Parameter(torch.ones(2))
    weights = MasterWeights([low, high])
    assert weights.parameters[1] is high
    assert weights.parameters[0].dtype == torch.float32

    low.grad, high.grad = torch.full_like(low, 2.0), torch.full_like(high, 3.0)
    weights.collect_gradients()

    assert getattr(low, "grad", None) is None
    first, second = weights.gradients()
    assert torch.equal(first, torch.full((3,), 2.0))
    assert torch.equal(second, torch.full((2,), 3.0))


def test_gradients_of_micro_batches_add_up_in_fp32() -> None:
    parameters = [nn.Parameter(torch.ones(3, dtype=torch.bfloat16)) for _ in range(3)]
    weights = MasterWeights(parameters)
    parameters[0].grad = torch.full_like(parameters[0], 256.0)
    weights.collect_gradients()
    for _ in range(2):
        parameters[0].grad = torch.ones_like(parameters[0])  # lost in bfloat16: 256 + 1 = 256
        parameters[1].grad = torch.ones_like(parameters[1])
        weights.collect_gradients()

    assert [float(gradient[0]) for gradient in weights.gradients()] == [258.0, 2.0, 0.0]
    assert weights.gradients()[2] is weights.parameters[2].grad


def test_gradients_are_collected_as_fp32_beyond_the_range_of_fp16() -> None:
    parameter = nn.Parameter(torch.ones(1, dtype=torch.float16))
    weights = MasterWeights([parameter])
    parameter.grad = torch.full_like(parameter, 60_000.0)
    weights.collect_gradients()
    gradient = weights.parameters[0].grad
    assert gradient is not None

    assert float(gradient * 2) == 120_000.0


def scaled_step(scaler: torch.amp.GradScaler, weights: MasterWeights, parameter: nn.Parameter, factor: float) -> float:
    """One step on loss = factor * parameter; returns the norm of the gradient before the step."""
    optimizer = make_optimizer(weights.parameters, OptimizerConfig(learning_rate=0.1), CPU)
    scaler.scale(parameter.float().sum() * factor).backward()  # type: ignore[no-untyped-call]
    weights.collect_gradients()
    scaler.unscale_(optimizer)
    norm = nn.utils.clip_grad_norm_(weights.parameters, 1.0)
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad()
    weights.write_back()
    return float(norm)


def test_an_overflow_leaves_out_the_step_and_halves_the_scale() -> None:
    parameter = nn.Parameter(torch.ones(1, dtype=torch.float16))
    weights = MasterWeights([parameter])
    scaler = torch.amp.GradScaler("cpu")

    assert scaled_step(scaler, weights, parameter, factor=2.0) == float("inf")  # 2 * 65,536 is beyond fp16
    assert parameter.item() == weights.parameters[0].item() == 1.0
    assert scaler.get_scale() == 2.0**15

    assert scaled_step(scaler, weights, parameter, factor=1.5) == 1.5  # unscaled before it is measured
    assert parameter.item() == pytest.approx(0.9, abs=1e-3)
    assert scaler.get_scale() == 2.0**15


def test_small_gradients_survive_fp16() -> None:
    parameter = nn.Parameter(torch.ones(1, dtype=torch.float16))
    weights = MasterWeights([parameter])

    norm = scaled_step(torch.amp.GradScaler("cpu"), weights, parameter, factor=1e-8)  # 0 in fp16

    assert norm == pytest.approx(1e-8, rel=1e-3)


def test_8bit_moments_without_a_gpu_are_refused() -> None:
    config = OptimizerConfig(name="adamw_8bit")

    with pytest.raises(ConfigurationError, match="adamw_8bit needs a CUDA GPU, the optimizer runs on cpu"):
        make_optimizer([nn.Parameter(torch.ones(1))], config, CPU)
