"""Stops a run that diverges, and says at which step, in which examples and with which loss.

Steps are counted from 0, as in the schedule; messages count them from 1, as the metric lines do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from legaltune.config.schema import RunConfig
from legaltune.errors import DivergedError

MAX_OVERFLOWS_IN_A_ROW = 25
"""A dynamic loss scale that starts at 2^16 reaches 1 after 16 overflows; one that still overflows does not recover."""
HIGH_INTERVALS_IN_A_ROW = 3
"""Steps of few examples differ by several nats; a loss that stays high is another thing."""
_MAX_EXAMPLES_NAMED = 8


@dataclass(frozen=True, slots=True)
class NonFiniteLoss:
    """A micro-batch whose loss is no finite number.

    Attributes:
        step: Optimizer step.
        micro_step: Micro-step within it.
        rank: Process that carried it.
        loss: NaN or an infinity.
        examples: Ids of its examples.
    """

    step: int
    micro_step: int
    rank: int
    loss: float
    examples: tuple[str, ...]


def first_non_finite(
    losses: Sequence[Sequence[float]],
    *,
    first_step: int,
    rank: int,
    examples_of: Callable[[int, int], Sequence[str]],
) -> list[NonFiniteLoss]:
    """Micro-batches of this process without a finite loss, in the first step that has any.

    Later steps are left out: their weights are the result of the first.

    Args:
        losses: Loss of each micro-batch of this process, shape (steps, micro-steps).
        first_step: Step of the first row.
        rank: This process.
        examples_of: Ids of the examples in a micro-batch of this process, by step and micro-step.
    """
    for step, micro_losses in enumerate(losses, start=first_step):
        found = [(micro_step, loss) for micro_step, loss in enumerate(micro_losses) if not math.isfinite(loss)]
        if found:
            return [
                NonFiniteLoss(step, micro_step, rank, loss, tuple(examples_of(step, micro_step)))
                for micro_step, loss in found
            ]
    return []


@dataclass(frozen=True, slots=True)
class DivergenceState:
    """What the guard remembers, in plain values that a checkpoint can carry.

    Attributes:
        first_loss: Loss of the first interval (nats per target token), None before it.
        num_high: Intervals in a row, up to the last one, whose loss is too far above it.
        num_overflows: Steps in a row, up to the last one, whose gradients overflowed.
    """

    first_loss: float | None = None
    num_high: int = 0
    num_overflows: int = 0


class DivergenceGuard:
    """Checks each interval; all processes come to the same verdict when they give it the same global values.

    Args:
        config: Configuration of the run; the remedies name its values.
        has_loss_scale: Whether a dynamic loss scale (float16) skips steps whose gradients overflow.
        state: Where an interrupted run left off.
    """

    def __init__(
        self, config: RunConfig, *, has_loss_scale: bool = False, state: DivergenceState = DivergenceState()
    ) -> None:
        self._config = config
        self._has_loss_scale = has_loss_scale
        self.state = state

    def check(
        self,
        first_step: int,
        losses: Sequence[float],
        gradient_norms: Sequence[float],
        found: Sequence[NonFiniteLoss] = (),
    ) -> None:
        """Check the steps between two metric lines.

        Args:
            first_step: First of the steps.
            losses: Mean loss per target token of each step, over all processes (nats).
            gradient_norms: Global L2 norm of each step, not finite where the loss scaler skipped it; empty where the
                engine does not tell.
            found: What `first_non_finite` found in each of the processes, where a loss is not finite.

        Raises:
            DivergedError: A loss or a gradient norm is not finite, or the loss stays far above where it began.
        """
        bad_step = next((step for step, loss in enumerate(losses, first_step) if not math.isfinite(loss)), None)
        self._check_gradient_norms(first_step, gradient_norms, before=bad_step)
        if bad_step is not None:
            where = [finding for finding in found if finding.step == bad_step]
            raise self._non_finite(bad_step, losses[bad_step - first_step], where)
        self._check_rise(first_step, first_step + len(losses) - 1, sum(losses) / len(losses))

    def check_validation(self, step: int, loss: float) -> None:
        """Check a validation loss.

        Args:
            step: Optimizer steps done.
            loss: Mean loss per target token (nats).

        Raises:
            DivergedError: It is not finite.
        """
        if not math.isfinite(loss):
            raise DivergedError(f"the validation loss is {loss} after step {step}: {self._remedy()}")

    def _check_gradient_norms(self, first_step: int, norms: Sequence[float], before: int | None) -> None:
        """Raise for a norm that is not finite in a step before the first loss that is not."""
        allowed = MAX_OVERFLOWS_IN_A_ROW if self._has_loss_scale else 0
        for step, norm in enumerate(norms, first_step):
            if step == before:
                return
            num_overflows = 0 if math.isfinite(norm) else self.state.num_overflows + 1
            if num_overflows > allowed:
                raise self._overflow(step, norm, num_overflows)
            self.state = replace(self.state, num_overflows=num_overflows)

    def _check_rise(self, first_step: int, last_step: int, loss: float) -> None:
        first, margin = self.state.first_loss, self._config.train.divergence_margin
        if first is None:
            self.state = replace(self.state, first_loss=loss)
            return
        num_high = self.state.num_high + 1 if loss > first + margin else 0
        self.state = replace(self.state, num_high=num_high)
        if num_high == HIGH_INTERVALS_IN_A_ROW:
            raise DivergedError(
                f"the loss rose from {first:.4f} at the start to {loss:.4f} ({_steps(first_step, last_step)}), by more "
                f"than train.divergence_margin {margin:g} for {num_high} metric lines: {self._remedy()}"
            )

    def _overflow(self, step: int, norm: float, num_overflows: int) -> DivergedError:
        if not self._has_loss_scale:
            return DivergedError(f"the gradient norm is {norm} at {_steps(step, step)}: {self._remedy()}")
        return DivergedError(
            f"gradients overflowed float16 in {_steps(step - num_overflows + 1, step)}, however small the loss scale "
            "became: set model.dtype to bfloat16 where the GPU has it, else to float32"
        )

    def _non_finite(self, step: int, loss: float, found: Sequence[NonFiniteLoss]) -> DivergedError:
        ordered = sorted(found, key=lambda finding: (finding.rank, finding.micro_step))
        batches = {(finding.micro_step, finding.examples): finding for finding in reversed(ordered)}  # once under TP
        where = "; ".join(_micro_batch(finding) for finding in ordered if finding in batches.values())
        if step == 0 and not self._has_loss_scale:
            remedy = "nothing is trained yet, so look at these examples, at the base model's weights and at model.dtype"
        else:
            remedy = f"{self._remedy()}; or look at these examples"
        place = f"{_steps(step, step)}, in {where}" if where else _steps(step, step)
        return DivergedError(f"the loss is {loss} at {place}: {remedy}")

    def _remedy(self) -> str:
        """What to change, with the values in effect."""
        optimizer = self._config.optimizer
        clipping = (
            f"lower optimizer.max_gradient_norm (now {optimizer.max_gradient_norm:g})"
            if optimizer.max_gradient_norm
            else "set optimizer.max_gradient_norm (clipping is off)"
        )
        half = "set model.dtype to bfloat16 where the GPU has it, " if self._has_loss_scale else ""
        return (
            f"{half}lower optimizer.learning_rate (now {optimizer.learning_rate:g}), raise optimizer.warmup_steps "
            f"or {clipping}"
        )


def _micro_batch(finding: NonFiniteLoss) -> str:
    named = ", ".join(finding.examples[:_MAX_EXAMPLES_NAMED])
    more = len(finding.examples) - _MAX_EXAMPLES_NAMED
    return f"micro-batch {finding.micro_step + 1} of process {finding.rank} (loss {finding.loss}, examples {named}" + (
        f" and {more} more)" if more > 0 else ")"
    )


def _steps(first: int, last: int) -> str:
    return f"step {first + 1}" if first == last else f"steps {first + 1} to {last + 1}"
