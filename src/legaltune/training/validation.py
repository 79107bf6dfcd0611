"""Mean loss on held-out rows during training."""

from __future__ import annotations

import torch

from legaltune.config.schema import RunConfig
from legaltune.model.loss import TargetLoss
from legaltune.parallel.topology import Topology
from legaltune.tokens.batch import BatchLayout, make_batch
from legaltune.tokens.dataset import TokenDataset
from legaltune.tokens.packing import pack_best_fit, spread
from legaltune.training.distributed import Groups, Worker


class Validation:
    """A sample of the validation rows, shared out over the data-parallel processes.

    Every process runs the same number of forward passes, because under ZeRO-3 and tensor parallelism each of them is a
    collective; a row that is there only to make up the number does not count.
    """

    def __init__(
        self, config: RunConfig, dataset: TokenDataset, topology: Topology, groups: Groups, worker: Worker
    ) -> None:
        layout = BatchLayout.of(config.adapter)
        lengths = dataset.lengths + layout.num_virtual_tokens
        rows = spread(
            pack_best_fit(lengths.tolist(), config.tokens.sequence_length), config.evaluation.max_validation_rows
        )
        degree = topology.data_parallel_degree
        num_passes = -(-len(rows) // degree)
        own = rows[groups.data_parallel_rank :: degree]
        self._rows = [(row, 1.0) for row in own] + [(row, 0.0) for row in rows[: num_passes - len(own)]]
        self._dataset = dataset
        self._worker = worker
        self._layout = layout

    def loss(self, module: TargetLoss) -> float | None:
        """Mean loss (nats per target token), None where no document was held out; a collective."""
        if not self._rows:
            return None
        module.eval()
        total = torch.zeros((), dtype=torch.float64, device=self._worker.device)
        num_targets = 0.0
        with torch.no_grad():
            for row, weight in self._rows:
                batch = make_batch(self._dataset, [row], self._layout).to(self._worker.device)
                loss, losses = module(batch)
                total += weight * loss
                num_targets += weight * len(losses)
        module.train()
        all_loss, all_targets = self._worker.sum(total, num_targets)
        return all_loss / all_targets
