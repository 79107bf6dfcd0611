"""Measures training at Qwen2.5-7B's real shape on one CUDA GPU, beside TRL's SFTTrainer (`make bench-gpu`).

Random weights are made on the spot (15.2 GB of disk, no network): LoRA in bfloat16 on packed rows of 4,096 tokens with
and without gradient checkpointing, QLoRA (NF4), and ZeRO-3 with parameters and optimizer in host memory. Each
measurement is a process of its own under a time limit; one that fails does not stop the others. TRL's attention and
kernels are first tried out on the first case, and its fastest are used for the rest. `scripts/gpu_bundle.py` packs all
that a machine without network needs.

A JSON line for each measurement goes to standard output, a table follows at the end. MFU counts LoRA's operations as
the planner does (4 per weight of the matrix products, 2 more per weight of the blocks with checkpointing, attention
over whole rows) against the GPU's dense bfloat16 peak; "done" counts what documents of these lengths and targets need.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from bench_inputs import Lengths, Shape, lora_flops_per_token, mean_attended, write_model, write_tokens
from bench_sides import Case, Measurement, MeasurementError, measure
from legaltune.model.flops import peak_flops
from legaltune.run_directory import RunDirectory
from legaltune.tokens.dataset import TokenDataset

QWEN_7B = Shape(
    hidden=3584, layers=28, heads=28, key_value_heads=4, intermediate=18_944, vocabulary=152_064, tied=False
)
TINY = Shape(hidden=64, layers=2, heads=4, key_value_heads=2, intermediate=128, vocabulary=2_000, tied=False)
_LONGEST_CHILD_SECONDS = 150.0


@dataclass(frozen=True, slots=True)
class Variant:
    """An engine with settings of its own."""

    name: str
    engine: str
    trl_settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the result.

    Attributes:
        case: What was trained.
        variant: By which engine.
        status: "ok", or why there is no measurement.
        tokens_per_second: Real tokens a second.
        mfu: Share of the peak, counted as the planner does; None where the peak is not known.
        mfu_done: The same of the operations that these documents need.
        peak_memory_gib: Allocated GPU memory.
        losses: Mean loss of each interval.
    """

    case: str
    variant: str
    status: str
    tokens_per_second: float | None = None
    mfu: float | None = None
    mfu_done: float | None = None
    peak_memory_gib: float | None = None
    losses: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Bench:
    """Model, documents and clock of a run of this script.

    Attributes:
        shape: Of the model.
        case: What all cases have in common.
        deadline: When to stop (`time.monotonic`, seconds).
        peak: Dense bfloat16 peak of the GPU (operations a second); None where it is not known.
        target_share: Targets among the tokens.
    """

    shape: Shape
    case: Case
    deadline: float
    peak: float | None
    target_share: float

    def measure(self, name: str, case: Case, variant: Variant) -> Row:
        """Measure one case by one engine and print a JSON line."""
        left = min(_LONGEST_CHILD_SECONDS, self.deadline - time.monotonic())
        own_case = dataclasses.replace(case, trl_settings=variant.trl_settings)
        if left <= 0:
            row = Row(name, variant.name, "no time left")
        else:
            try:
                threads = len(os.sched_getaffinity(0))
                found = measure(variant.engine, own_case, threads=threads, timeout_seconds=left)
            except MeasurementError as error:
                row = Row(name, variant.name, str(error))
            else:
                row = self._row(name, case, variant, found)
        print(json.dumps(dataclasses.asdict(row)), flush=True)
        return row

    def _row(self, name: str, case: Case, variant: Variant, found: Measurement) -> Row:
        dataset = TokenDataset(RunDirectory(Path(case.run)).tokens, "train")
        planned = lora_flops_per_token(self.shape, case.sequence_length / 2, checkpointing=case.checkpointing)
        done = lora_flops_per_token(
            self.shape,
            mean_attended(dataset.lengths),
            target_share=self.target_share,
            checkpointing=case.checkpointing,
        )
        rate = found.tokens_per_second
        return Row(
            case=name,
            variant=variant.name,
            status="ok",
            tokens_per_second=rate,
            mfu=planned * rate / self.peak if self.peak else None,
            mfu_done=done * rate / self.peak if self.peak else None,
            peak_memory_gib=found.peak_memory_gib,
            losses=tuple(found.losses),
        )


def cases_of(case: Case) -> dict[str, Case]:
    """The cases by name; the first is the one on which TRL's settings are tried out."""
    return {
        "LoRA": case,
        "LoRA, checkpointing": dataclasses.replace(case, checkpointing=True),
        "QLoRA nf4, checkpointing": dataclasses.replace(case, quantization="nf4", checkpointing=True),
        # All rows of a step at once: each micro-batch moves all weights over the bus twice.
        "LoRA, ZeRO-3 offload, checkpointing": dataclasses.replace(
            case, offload=True, checkpointing=True, micro_batch_rows=case.rows_per_step
        ),
    }


def trl_variants() -> list[Variant]:
    """TRL with the attention functions and kernels that are to be had here."""
    if not torch.cuda.is_available():
        return [Variant("TRL", "trl")]
    kernels = {"use_liger_kernel": True} if importlib.util.find_spec("liger_kernel") else {}
    attentions = ["sdpa", "flex_attention"]
    if importlib.util.find_spec("flash_attn"):
        attentions.append("flash_attention_2")
    suffix = " liger" if kernels else ""
    return [Variant(f"TRL {name}{suffix}", "trl", {"attention": name, **kernels}) for name in attentions]


def run_all(bench: Bench) -> list[Row]:
    """Measure every case by both engines."""
    rows: list[Row] = []
    variants = trl_variants()
    for name, case in cases_of(bench.case).items():
        rows.append(bench.measure(name, case, Variant("ours", "ours")))
        found = [bench.measure(name, case, variant) for variant in variants]
        rows += found
        speeds = [row.tokens_per_second or 0.0 for row in found]
        variants = [variants[speeds.index(max(speeds))]]
    return rows


def print_table(rows: list[Row]) -> None:
    """All rows, the cases in order."""
    print(f"\n{'case':<37}{'engine':<28}{'tokens/s':>9}{'MFU':>7}{'done':>7}{'GiB':>7}  first loss")
    for row in rows:
        if row.tokens_per_second is None:
            print(f"{row.case:<37}{row.variant:<28}{row.status.splitlines()[-1][:60]}")
            continue
        shares = "".join(f"{share:>7.1%}" if share else f"{'-':>7}" for share in (row.mfu, row.mfu_done))
        memory = f"{row.peak_memory_gib:7.1f}"
        print(f"{row.case:<37}{row.variant:<28}{row.tokens_per_second:9.0f}{shares}{memory}  {row.losses[0]:.4f}")


def prepare(options: argparse.Namespace, folder: Path) -> Bench:
    """Write model and tokens; the clock of `--seconds` begins before."""
    began = time.monotonic()
    shape, length, lengths = QWEN_7B, 4096, Lengths(median=1400, sigma=0.6, shortest=200, longest=4096)
    if options.tiny:
        shape, length, lengths = TINY, 256, Lengths(median=90, sigma=0.5, shortest=30, longest=256)
    on_gpu = torch.cuda.is_available()
    write_model(folder / "model", shape, dtype=torch.bfloat16, device="cuda" if on_gpu else "cpu")
    if on_gpu:
        torch.cuda.empty_cache()  # this process keeps only its context while the others measure
    steps = 3 * options.steps
    write_tokens(
        folder / "run" / "tokens",
        num_rows=steps * options.rows,
        sequence_length=length,
        vocabulary=shape.vocabulary,
        lengths=lengths,
        target_share=options.target_share,
    )
    print(f"model and tokens written in {time.monotonic() - began:.0f} s", file=sys.stderr)
    case = Case(
        model=str(folder / "model"),
        run=str(folder / "run"),
        sequence_length=length,
        rows_per_step=options.rows,
        steps=steps,
        warmup_steps=options.steps,
        log_every=options.steps,
        dtype="bfloat16",
    )
    peak = peak_flops(torch.cuda.get_device_name(), "bfloat16") if on_gpu else None
    return Bench(shape, case, began + options.seconds, peak, options.target_share)


def main() -> None:
    """Reads the arguments and runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="a tiny model and short rows: runs on a CPU")
    parser.add_argument("--steps", type=int, default=2, help="optimizer steps of an interval: one warms up, two count")
    parser.add_argument("--rows", type=int, default=4, help="rows per optimizer step")
    parser.add_argument("--target-share", type=float, default=1.0, help="targets among the tokens")
    parser.add_argument("--seconds", type=float, default=520, help="start nothing more after so long")
    parser.add_argument(
        "--work", type=Path, help="folder on a disk with 16 GB free; the system's temporary one if unset"
    )
    options = parser.parse_args()
    if not (options.tiny or torch.cuda.is_available()):
        parser.error("there is no CUDA GPU here: use --tiny to see that it runs")
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    print(f"{device}, torch {torch.__version__}", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=options.work) as temporary:
        print_table(run_all(prepare(options, Path(temporary))))


if __name__ == "__main__":
    main()
