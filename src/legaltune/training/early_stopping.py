"""Stops a run whose validation loss no longer falls."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class EarlyStoppingState:
    """What early stopping remembers, in plain values that a checkpoint can carry.

    Attributes:
        best_step: Optimizer steps done at the best validation so far, None before the first.
        best_loss: Its loss (nats per target token).
        num_worse: Validations since then.
    """

    best_step: int | None = None
    best_loss: float | None = None
    num_worse: int = 0


class EarlyStopping:
    """Tells the best validation loss, and when it has not got better for too long.

    Args:
        patience: Validations without a better loss after which the run should stop; None: it never should.
        min_delta: A loss counts as better when it is lower by more than this (nats per target token).
        state: Where an interrupted run left off.
    """

    def __init__(
        self, patience: int | None, min_delta: float = 0.0, state: EarlyStoppingState = EarlyStoppingState()
    ) -> None:
        self._patience = patience
        self._min_delta = min_delta
        self.state = state

    @property
    def should_stop(self) -> bool:
        """Whether patience has run out."""
        return self._patience is not None and self.state.num_worse >= self._patience

    def update(self, step: int, loss: float) -> bool:
        """Take in a validation loss; returns whether it is the best so far. A loss that is no number never is.

        Args:
            step: Optimizer steps done.
            loss: Validation loss (nats per target token).
        """
        best = float("inf") if self.state.best_loss is None else self.state.best_loss - self._min_delta
        if loss < best:
            self.state = EarlyStoppingState(step, loss)
            return True
        self.state = replace(self.state, num_worse=self.state.num_worse + 1)
        return False
