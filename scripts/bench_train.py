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
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from bench_inputs import Lengths, Shape, lora_flops_per_token, mean_attended, write_model, write_tokens
from bench_sides import Case, Measurement, MeasurementError, measure
from legaltune.run_directory import RunDirectory
from legaltune.tokens.dataset import TokenDataset

LONG = Lengths(median=350, sigma=0.6, shortest=100, longest=1024)
SHORT = Lengths(median=90, sigma=0.5, shortest=30, longest=256)
TARGET = Shape(hidden=512, layers=6, heads=8, key_value_heads=2, intermediate=1408, vocabulary=32_000)
_TIMEOUT_SECONDS = 900.0
_FIRST_LOSS_TOLERANCE = {"float32": 1e-5, "bfloat16": 1e-3}
_LATER_LOSS_TOLERANCE = 0.02
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
    """How much is measured, and the settings that are each engine's own."""

    steps: int
    warmup_steps: int
    rows_per_step: int
    threads: int
    settings: tuple[str, ...] = ()
    trl_settings: dict[str, Any] = field(default_factory=dict)

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
        own = dataclasses.replace(case, settings=self.settings, trl_settings=self.trl_settings | case.trl_settings)
        return measure(engine, own, threads=self.threads, timeout_seconds=_TIMEOUT_SECONDS)


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
            f"first loss {ours.losses[0]:.5f} and {trl.losses[0]:.5f}, load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    return Comparison(statistics.median(ratios), statistics.median(our_rates))


def require_same_losses(ours: Measurement, trl: Measurement, dtype: str) -> None:
    """Stop where the two engines did not train on the same thing.

    The first loss depends on model and rows alone. Later ones depend on the random start of the adapter too, which each
    engine draws in its own way, and agree but loosely.

    Raises:
        SystemExit: A loss differs by more than that allows.
    """
    apart = [abs(a / b - 1) for a, b in zip(ours.losses, trl.losses, strict=True)]
    if apart[0] > _FIRST_LOSS_TOLERANCE[dtype] or max(apart) > _LATER_LOSS_TOLERANCE:
        raise SystemExit(f"the losses differ by {max(apart):.1e}: ours {ours.losses}, TRL's {trl.losses}")


def sweep(protocol: Protocol, num_pairs: int, work: Path) -> None:
    """Print the ratios at other shapes, one thing changed at a time; nothing for 0 pairs."""

    def resized(**changes: Any) -> Shape:
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
    for number, workload in enumerate(workloads if num_pairs else []):
        print(f"\n{workload.name}", flush=True)
        found = compare(protocol.prepare(workload, work / f"sweep-{number}"), protocol, num_pairs)
        print(f"  {workload.name}: ratio {found.ratio:.3f}", flush=True)


def print_profile(case: Case, protocol: Protocol) -> None:
    """Print where the CPU time of a run of ours goes, and the share of matrix products."""
    operators = protocol.measure("ours", dataclasses.replace(case, profile=True)).operators
    total = sum(seconds for _, _, seconds in operators)
    matrix = sum(seconds for name, _, seconds in operators if any(part in name for part in _MATRIX_OPERATORS))
    print(
        f"\nprofile of a run of ours: {total:.1f} s of CPU time, {matrix / total:.0%} in matrix products and attention"
    )
    for name, calls, seconds in operators[:_OPERATORS_SHOWN]:
        print(f"  {name:<58}{calls:>7} calls {seconds:8.2f} s {seconds / total:6.1%}")


def print_limit(workload: Workload, case: Case, tokens_per_second: float, threads: int) -> None:
    """Print what the matrix products alone would allow on this machine."""
    dataset = TokenDataset(RunDirectory(Path(case.run)).tokens, "train")
    flops = lora_flops_per_token(workload.shape, mean_attended(dataset.lengths), target_share=workload.target_share)
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


def fastest_trl(case: Case, protocol: Protocol, choice: str) -> dict[str, Any]:
    """TRL's settings: with or without torch.compile, whichever is faster here unless `choice` says yes or no."""
    settings: dict[str, dict[str, Any]] = {"no": {}, "yes": {"torch_compile": True}}
    if choice == "auto":
        rates = {}
        for name, trl_settings in settings.items():
            found = protocol.measure("trl", dataclasses.replace(case, trl_settings=trl_settings))
            rates[name] = found.tokens_per_second
        choice = max(rates, key=lambda name: rates[name])
        print(f"TRL: {rates['no']:.0f} tokens/s, with torch.compile {rates['yes']:.0f}; the faster is used", flush=True)
    return settings[choice]


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


def parse_options() -> argparse.Namespace:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5, help="pairs of measurements at the main shape")
    parser.add_argument("--sweep-pairs", type=int, default=1, help="pairs at each other shape, 0 for none")
    parser.add_argument("--steps", type=int, default=6, help="timed optimizer steps of a measurement")
    parser.add_argument("--warmup", type=int, default=3, help="optimizer steps before them")
    parser.add_argument("--rows", type=int, default=2, help="rows per optimizer step")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="OpenMP threads")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.FIELD=VALUE", help="settings of ours")
    parser.add_argument(
        "--trl-compile", choices=("auto", "yes", "no"), default="auto", help="torch.compile for TRL; auto: if faster"
    )
    parser.add_argument("--trl-variants", action="store_true", help="only compare TRL's own settings")
    parser.add_argument("--quick", action="store_true", help="tiny shape, one pair, no sweep: only shows that it runs")
    options = parser.parse_args()
    if options.quick:
        options.pairs, options.sweep_pairs, options.steps, options.warmup = 1, 0, 2, 1
    return options


def main() -> None:
    """Runs the benchmark."""
    options = parse_options()
    shape, lengths, sequence_length = TARGET, LONG, 1024
    if options.quick:
        shape = Shape(hidden=32, layers=2, heads=4, key_value_heads=2, intermediate=64, vocabulary=2_000)
        lengths, sequence_length = SHORT, 256
    protocol = Protocol(options.steps, options.warmup, options.rows, options.threads, tuple(options.set))
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        workloads = [Workload(f"{share:.0%} targets", shape, lengths, share, sequence_length) for share in (0.3, 1.0)]
        cases = [protocol.prepare(workload, work / f"{workload.target_share:.0%}") for workload in workloads]
        if options.trl_variants:
            compare_trl_variants(cases[0], protocol)
            return
        protocol = dataclasses.replace(protocol, trl_settings=fastest_trl(cases[0], protocol, options.trl_compile))
        found = []
        for workload, case in zip(workloads, cases, strict=True):
            print(f"\n{workload.name}: {shape}, rows of {sequence_length}", flush=True)
            found.append(compare(case, protocol, options.pairs))
            print_limit(workload, case, found[-1].our_tokens_per_second, options.threads)
            print_profile(case, protocol)
        sweep(dataclasses.replace(protocol, steps=max(2, options.steps // 2)), options.sweep_pairs, work)
        print(f"\nratio_30={found[0].ratio:.3f} ratio_100={found[1].ratio:.3f}")


if __name__ == "__main__":
    main()
