"""Holds every method and plan of training against a plain torch loop: the same losses, gradients and weights.

The cells are an all-pairs cover of method x ZeRO stage x offload x data-parallel degree x tensor-parallel degree x
gradient checkpointing: any two settings that may stand together do so in at least one cell. Cells that may not be are
counted by the message that refuses them.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import math
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.parity import (
    SCALE_SENSITIVE,
    Trajectory,
    differences,
    load_settings,
    plain_trajectory,
    set_up_run,
    train_in_ranks,
)
from tests.ranks import RankError

from legaltune.config.facts import MachineFacts
from legaltune.config.schema import AdapterMethod
from legaltune.errors import ConfigurationError
from legaltune.model.facts import model_facts
from legaltune.parallel.refusals import require_feasible

LOSS_TOLERANCE, GRADIENT_TOLERANCE = 2e-6, 5e-6
QUANTIZED_TOLERANCE = 1e-5
_LORA_ON = {"lora on nf4": "nf4", "lora on int8": "int8"}
FACTORS: dict[str, list[str]] = {
    "method": [*(method.value for method in AdapterMethod), *_LORA_ON],
    "zero": ["0", "1", "2", "3"],
    "offload": ["none", "optimizer", "both"],
    "dp": ["1", "2"],
    "tp": ["1", "2"],
    "checkpointing": ["off", "full", "selective"],
}
Cell = Mapping[str, str]


def main() -> int:
    """Run the cells and print a table; exit code 1 where one differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="run only cells whose description holds this text")
    parser.add_argument("--sample", type=int, help="run so many random cells instead of the all-pairs cover")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        feasible, refused = _sort_out(Path(folder))
        cells = random.Random(0).sample(feasible, arguments.sample) if arguments.sample else all_pairs(feasible)
        cells = [cell for cell in cells if not arguments.only or arguments.only in _describe(cell)]
        num_wrong = _compare_all(cells, Path(folder))
    print("\n| refused cells | one of them | message |")
    print("|---|---|---|")
    for message, examples in refused.items():
        print(f"| {len(examples)} | {_describe(examples[-1])} | {message} |")
    print(f"\n{len(cells)} cells, {num_wrong} wrong")
    return 1 if num_wrong else 0


def _compare_all(cells: list[Cell], folder: Path) -> int:
    references: dict[tuple[str, ...], Trajectory] = {}
    print("| method | ZeRO | offload | DP | TP | checkpointing | loss | gradient norm | weights | s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    num_wrong = 0
    for cell in cells:
        config, run = set_up_run(folder, *overrides(cell))
        key = (cell["method"], cell["tp"]) if cell["method"] in _LORA_ON else (cell["method"],)
        if key not in references:
            references[key] = plain_trajectory(config, run)
        start = time.monotonic()
        try:
            trajectory = train_in_ranks(config, run, int(cell["dp"]) * int(cell["tp"]))
            errors = differences(trajectory, references[key])
        except RankError as error:
            print(error, file=sys.stderr)
            errors = (math.nan,) * 3
        tolerance = LOSS_TOLERANCE, GRADIENT_TOLERANCE, GRADIENT_TOLERANCE
        if cell["method"] in _LORA_ON:
            tolerance = (QUANTIZED_TOLERANCE,) * 3
        wrong = any(not error <= limit for error, limit in zip(errors, tolerance, strict=True))
        num_wrong += wrong
        numbers = " | ".join(f"{error:.1e}" for error in errors)
        mark = " **wrong**" if wrong else ""
        print(f"| {' | '.join(cell.values())} | {numbers}{mark} | {time.monotonic() - start:.0f} |", flush=True)
    return num_wrong


def overrides(cell: Cell) -> list[str]:
    """Settings of a cell."""
    method = cell["method"]
    settings = [
        f"adapter.method={'lora' if method in _LORA_ON else method}",
        f"quantization.method={_LORA_ON.get(method, 'none')}",
        f"parallel.zero_stage={cell['zero']}",
        f"parallel.offload_optimizer={'none' if cell['offload'] == 'none' else 'cpu'}",
        f"parallel.offload_parameters={'cpu' if cell['offload'] == 'both' else 'none'}",
        f"parallel.num_processes={int(cell['dp']) * int(cell['tp'])}",
        f"parallel.tensor_parallel_degree={cell['tp']}",
        f"train.gradient_checkpointing={cell['checkpointing']}",
        *SCALE_SENSITIVE,
    ]
    return [*settings, "adapter.train_embeddings=all"] if method == "full" else settings


def _sort_out(folder: Path) -> tuple[list[Cell], dict[str, list[Cell]]]:
    """Cells that may be, and those that may not by the message that refuses them."""
    config, _ = set_up_run(folder)
    facts = model_facts(config.model)
    machine = MachineFacts(0, "", 0, has_bfloat16=True, host_memory_bytes=2**34)
    feasible: list[Cell] = []
    refused: dict[str, list[Cell]] = {}
    for values in itertools.product(*FACTORS.values()):
        cell = dict(zip(FACTORS, values, strict=True))
        try:
            require_feasible(load_settings(folder, *overrides(cell)), facts, machine)
            feasible.append(cell)
        except ConfigurationError as error:
            for message in str(error).splitlines()[1:]:
                refused.setdefault(message.strip(" -"), []).append(cell)
    return feasible, refused


def all_pairs(cells: list[Cell]) -> list[Cell]:
    """A small subset in which any two settings that stand together in some cell do so again.

    Greedy: the cell with most pairs that are missing, among equals the one that is furthest from one plain process.
    """
    missing = {pair for cell in cells for pair in _pairs(cell)}
    chosen = []
    while missing:
        best = max(cells, key=lambda cell: (len(missing.intersection(_pairs(cell))), _distance(cell)))
        missing.difference_update(_pairs(best))
        chosen.append(best)
    return sorted(chosen, key=lambda cell: [FACTORS[factor].index(value) for factor, value in cell.items()])


def _distance(cell: Cell) -> int:
    return sum(FACTORS[factor].index(value) for factor, value in cell.items() if factor != "method")


def _pairs(cell: Cell) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    yield from itertools.combinations(cell.items(), 2)


def _describe(cell: Cell) -> str:
    return ", ".join(f"{factor} {value}" for factor, value in cell.items())


if __name__ == "__main__":
    raise SystemExit(main())
