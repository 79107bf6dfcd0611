"""Measures the training engine against TRL's SFTTrainer on the same rows (`make bench-train`).

A random Qwen2 model, LoRA r=16 on all linear layers without dropout, rows of packed documents kept apart. Each
measurement is a process of its own that warms up and then times some optimizer steps; the two engines take turns
(A B B A), and a ratio is the median over the pairs of neighbours, so it holds where the machine is shared and noisy.
Tokens a second count real tokens, no padding. Both must report the same losses, or they trained on different things.
The last line reads `ratio_30=… ratio_100=…`: this engine's tokens/s over TRL's with 30% and 100% of the tokens as
targets.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bench_inputs import Lengths, Shape, lora_flops_per_token, write_model, write_tokens
from bench_sides import Case, Measurement, MeasurementError, measure
from legaltune.run_directory import RunDirectory
from legaltune.tokens.dataset import TokenDataset

LONG = Lengths(median=350, sigma=0.6, shortest=100, longest=1024)
SHORT = Lengths(median=90, sigma=0.5, shortest=30, longest=256)
TARGET = Shape(hidden=512, layers=6, heads=8, key_value_heads=2, intermediate=1408, vocabulary=32_000)
_TIMEOUT_SECONDS = 900.0
_LOSS_TOLERANCE = {"float32": 1e-4, "bfloat16": 1e-2}
_MATRIX_OPERATORS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "mkldnn", "scaled_dot_product")
_OPERATORS_SHOWN = 14


@dataclass(frozen=True, slots=True)
class Workload:
    """A model and the documents it trains on."""

    name: str
    shape: Shape = TARGET
    lengths: Lengths = LONG
    target_share: float = 0.3
    sequence_length: int = 1024
    dtype: str = "float32"


@dataclass(frozen=True, slots=True)
class Protocol:
    """How much is measured."""

    steps: int
    warmup_steps: int
    rows_per_step: int
    threads: int

    def prepare(self, workload: Workload, folder: Path) -> Case:
        """Write model and tokens of a workload."""
        write_model(folder / "model", workload.shape)
        steps = self.warmup_steps + self.steps
        write_tokens(
            folder / "run" / "tokens",
            num_rows=steps * self.rows_per_step,
            sequence_length=workload.sequence_length,
            vocabulary=workload.shape.vocabulary,
            lengths=workload.lengths,
            target_share=workload.target_share,
        )
        return Case(
            model=str(folder / "model"),
            run=str(folder / "run"),
            sequence_length=workload.sequence_length,
            rows_per_step=self.rows_per_step,
            steps=steps,
            warmup_steps=self.warmup_steps,
            dtype=workload.dtype,
        )

    def measure(self, engine: str, case: Case) -> Measurement:
        """One measurement in a process of its own."""
        return measure(engine, case, threads=self.threads, timeout_seconds=_TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Medians over the pairs."""

    ratio: float
    our_tokens_per_second: float


def compare(case: Case, protocol: Protocol, num_pairs: int) -> Comparison:
    """Measure pairs in the order A B B A and print them."""
    ratios, our_rates = [], []
    for pair in range(num_pairs):
        order = ("ours", "trl") if pair % 2 == 0 else ("trl", "ours")
        found = {engine: protocol.measure(engine, case) for engine in order}
        ours, trl = found["ours"], found["trl"]
        require_same_losses(ours, trl, case.dtype)
        ratios.append(ours.tokens_per_second / trl.tokens_per_second)
        our_rates.append(ours.tokens_per_second)
        print(
            f"  pair {pair + 1}: ours {ours.tokens_per_second:7.0f} tokens/s {ours.peak_memory_gib:5.2f} GiB, "
            f"TRL {trl.tokens_per_second:7.0f} tokens/s {trl.peak_memory_gib:5.2f} GiB, ratio {ratios[-1]:.3f}, "
            f"first loss {ours.losses[0]:.5f} and {trl.losses[0]:.5f}",
            flush=True,
        )
    return Comparison(statistics.median(ratios), statistics.median(our_rates))


def require_same_losses(ours: Measurement, trl: Measurement, dtype: str) -> None:
    """Stop where the two engines did not train on the same rows.

    Raises:
        SystemExit: A loss differs by more than rounding.
    """
    apart = max(abs(a / b - 1) for a, b in zip(ours.losses, trl.losses, strict=True))
    if apart > _LOSS_TOLERANCE[dtype]:
        raise SystemExit(f"the losses differ by {apart:.1e}: ours {ours.losses}, TRL's {trl.losses}")


def sweep(protocol: Protocol, num_pairs: int, work: Path) -> None:
    """Print the ratios at other shapes, one thing changed at a time."""

    def resized(**changes: int) -> Shape:
        return dataclasses.replace(TARGET, **changes)

    workloads = [
        Workload("hidden 256", resized(hidden=256, heads=4, key_value_heads=1, intermediate=704)),
        Workload("hidden 768", resized(hidden=768, heads=12, intermediate=2112)),
        Workload("vocabulary 8,000", resized(vocabulary=8_000)),
        Workload("vocabulary 152,064", resized(vocabulary=152_064)),
        Workload("short documents", lengths=SHORT),
        Workload("bfloat16", dtype="bfloat16"),
        Workload("hidden 768, all targets", resized(hidden=768, heads=12, intermediate=2112), target_share=1.0),
        Workload("vocabulary 8,000, all targets", resized(vocabulary=8_000), target_share=1.0),
        Workload("short documents, all targets", lengths=SHORT, target_share=1.0),
        Workload("bfloat16, all targets", dtype="bfloat16", target_share=1.0),
    ]
    for number, workload in enumerate(workloads):
        print(f"\n{workload.name}", flush=True)
        found = compare(protocol.prepare(workload, work / f"sweep-{number}"), protocol, num_pairs)
        print(f"  {workload.name}: ratio {found.ratio:.3f}", flush=True)


def print_profile(case: Case, protocol: Protocol) -> None:
    """Print where the CPU time of a run of ours goes, and the share of matrix products."""
    operators = protocol.measure("ours", dataclasses.replace(case, profile=True)).operators
    total = sum(seconds for _, _, seconds in operators)
    matrix = sum(seconds for name, _, seconds in operators if any(part in name for part in _MATRIX_OPERATORS))
    print(f"\nprofile of a run of ours: {total:.1f} s of CPU time, {matrix / total:.0%} in matrix products and attention")
    for name, calls, seconds in operators[:_OPERATORS_SHOWN]:
        print(f"  {name:<58}{calls:>7} calls {seconds:8.2f} s {seconds / total:6.1%}")


def print_limit(workload: Workload, case: Case, tokens_per_second: float, threads: int) -> None:
    """Print what the matrix products alone would allow on this machine."""
    dataset = TokenDataset(RunDirectory(Path(case.run)).tokens, "train")
    mean_attended = float((dataset.lengths * (dataset.lengths + 1) / 2).sum() / dataset.lengths.sum())
    flops = lora_flops_per_token(workload.shape, mean_attended, target_share=workload.target_share)
    rate = matrix_rate(workload, threads)
    print(
        f"  {workload.name}: {flops / 1e6:.0f} MFLOP a token; products of these sizes run at {rate / 1e9:.0f} GFLOP/s, "
        f"which allows {rate / flops:.0f} tokens/s; ours reaches {tokens_per_second / (rate / flops):.0%} of it",
        flush=True,
    )


def matrix_rate(workload: Workload, threads: int, repeats: int = 15) -> float:
    """Floating-point operations a second of the up-projection's product on this machine, median."""
    torch.set_num_threads(threads)
    dtype = getattr(torch, workload.dtype)
    left = torch.randn(workload.sequence_length, workload.shape.hidden, dtype=dtype)
    right = torch.randn(workload.shape.hidden, workload.shape.intermediate, dtype=dtype)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        torch.mm(left, right)
        seconds.append(time.perf_counter() - start)
    return 2 * left.numel() * workload.shape.intermediate / statistics.median(seconds)


def compare_trl_variants(case: Case, protocol: Protocol) -> None:
    """Print TRL's own speed under different settings of its own; the first line is what the benchmark uses."""
    variants: list[tuple[str, dict[str, Any]]] = [
        ("as used", {}),
        ("eager attention", {"trl_settings": {"attention": "eager"}}),
        ("all rows of a step at once", {"micro_batch_rows": case.rows_per_step}),
        ("no packing layout (documents attend to each other)", {"trl_settings": {"padding_free": False}}),
        ("one data loader process", {"trl_settings": {"dataloader_num_workers": 1}}),
        ("AdamW not fused", {"trl_settings": {"optim": "adamw_torch"}}),
        ("gradient checkpointing (its default)", {"checkpointing": True}),
        ("bfloat16 weights", {"dtype": "bfloat16"}),
        ("bfloat16 weights and autocast", {"dtype": "bfloat16", "trl_settings": {"bf16": True}}),
        ("torch.compile", {"trl_settings": {"torch_compile": True}}),
    ]
    for name, changes in variants:
        try:
            found = protocol.measure("trl", dataclasses.replace(case, **changes))
        except MeasurementError as error:
            print(f"  {name:<52} failed: {error}", flush=True)
        else:
            print(f"  {name:<52}{found.tokens_per_second:8.0f} tokens/s {found.peak_memory_gib:5.2f} GiB", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the arguments and runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5, help="pairs of measurements at the main shape")
    parser.add_argument("--sweep-pairs", type=int, default=1, help="pairs at each other shape, 0 for none")
    parser.add_argument("--steps", type=int, default=6, help="timed optimizer steps of a measurement")
    parser.add_argument("--rows", type=int, default=2, help="rows per optimizer step")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="OpenMP threads")
    parser.add_argument("--quick", action="store_true", help="tiny shape, one pair, no sweep: only shows that it runs")
    parser.add_argument("--trl-variants", action="store_true", help="only compare TRL's own settings")
    options = parser.parse_args(arguments)
    protocol = Protocol(options.steps, warmup_steps=2, rows_per_step=options.rows, threads=options.threads)
    shape, lengths, sequence_length, pairs, sweep_pairs = TARGET, LONG, 1024, options.pairs, options.sweep_pairs
    if options.quick:
        shape = Shape(hidden=32, layers=2, heads=4, key_value_heads=2, intermediate=64, vocabulary=2_000)
        lengths, sequence_length, pairs, sweep_pairs = SHORT, 256, 1, 0
        protocol = dataclasses.replace(protocol, steps=2, warmup_steps=1)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        workloads = [
            Workload(f"{share:.0%} targets", shape, lengths, share, sequence_length) for share in (0.3, 1.0)
        ]
        cases = [protocol.prepare(workload, work / f"{workload.target_share:.0%}") for workload in workloads]
        if options.trl_variants:
            compare_trl_variants(cases[0], protocol)
            return
        found = []
        for workload, case in zip(workloads, cases, strict=True):
            print(f"\n{workload.name}: {shape}, rows of {sequence_length}", flush=True)
            found.append(compare(case, protocol, pairs))
            print_limit(workload, case, found[-1].our_tokens_per_second, options.threads)
            print_profile(case, protocol)
        if sweep_pairs:
            sweep(dataclasses.replace(protocol, steps=max(2, options.steps // 2)), sweep_pairs, work)
        print(f"\nratio_30={found[0].ratio:.3f} ratio_100={found[1].ratio:.3f}")


if __name__ == "__main__":
    sys.exit(main())
