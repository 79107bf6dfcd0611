"""Measures peak memory and time of the loss at a large vocabulary: plain cross-entropy against legaltune's.

Plain is what Hugging Face models do: logits of all tokens, in fp32, then cross-entropy. Both run forward and backward
with a frozen output layer. Each measurement has a process of its own; its memory is the peak beyond what a process
holds that has the same inputs and no loss.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

from legaltune.model.cross_entropy import linear_cross_entropy

IGNORED = -100
METHODS = ("inputs", "plain", "own")


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the problem; `share` of the tokens are targets."""

    vocabulary: int
    hidden: int
    tokens: int
    dtype: str
    share: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """One process: peak and final memory (bytes), time (seconds), loss (nats per target)."""

    peak_bytes: int
    resident_bytes: int
    seconds: float
    loss: float


def main() -> None:
    """Print the table; the last line is for machines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocabulary", type=int, default=152_064)
    parser.add_argument("--hidden", type=int, default=896)
    parser.add_argument("--tokens", type=int, default=4_096)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        print(json.dumps(asdict(measure(**json.loads(arguments.child)))))
        return
    print(f"vocabulary {arguments.vocabulary}, hidden size {arguments.hidden}, {arguments.tokens} tokens")
    print("precision  targets | peak MiB: plain    own  ratio | seconds: plain    own | differences: loss  gradient")
    ratios = []
    for dtype in ("float32", "bfloat16"):
        for share in (1.0, 0.3):
            shape = Shape(arguments.vocabulary, arguments.hidden, arguments.tokens, dtype, share)
            ratio, line = compare(shape)
            ratios.append(ratio)
            print(line, flush=True)
    print(f"memory_ratio={min(ratios):.1f}")


def compare(shape: Shape) -> tuple[float, str]:
    """Peak memory of plain cross-entropy divided by ours, and the line of the table."""
    with tempfile.TemporaryDirectory() as folder:
        results = {method: run_child(shape, method, Path(folder) / method) for method in METHODS}
        plain_gradient, own_gradient = (torch.load(Path(folder) / method).double() for method in METHODS[1:])
    inputs, plain, own = (results[method] for method in METHODS)
    plain_bytes, own_bytes = (result.peak_bytes - inputs.resident_bytes for result in (plain, own))
    ratio = plain_bytes / own_bytes
    gradient_difference = float((own_gradient - plain_gradient).norm() / plain_gradient.norm())
    return ratio, (
        f"{shape.dtype:9}  {shape.share:6.0%}  | {plain_bytes / 2**20:15.0f} {own_bytes / 2**20:6.0f} {ratio:6.1f} | "
        f"{plain.seconds:14.1f} {own.seconds:6.1f} | {abs(own.loss - plain.loss) / plain.loss:17.1e} "
        f"{gradient_difference:9.1e}"
    )


def run_child(shape: Shape, method: str, gradient_path: Path) -> Measurement:
    """Measure in a fresh process."""
    request = json.dumps({"shape": asdict(shape), "method": method, "gradient_path": str(gradient_path)})
    command = [sys.executable, __file__, "--child", request]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Measurement(**json.loads(answer))


def measure(shape: dict[str, float], method: str, gradient_path: str) -> Measurement:
    """Loss and gradient of the hidden states once, with the peak memory of this process so far."""
    problem = Shape(**shape)  # type: ignore[arg-type]  # JSON has them as they were
    hidden, weight, labels = make_inputs(problem)
    warm_up = run("own", hidden[:2].detach().requires_grad_(), weight[:100], torch.zeros(2, dtype=torch.int64))
    start = time.perf_counter()
    loss = warm_up if method == "inputs" else run(method, hidden, weight, labels)
    seconds = time.perf_counter() - start
    result = Measurement(status_bytes("VmHWM"), status_bytes("VmRSS"), seconds, loss)
    torch.save(hidden.grad, gradient_path)
    return result


def make_inputs(shape: Shape) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Hidden states, weight, and labels that are ignored where there is no target; without temporary copies."""
    generator = torch.Generator().manual_seed(0)
    dtype = getattr(torch, shape.dtype)
    weight = torch.empty(shape.vocabulary, shape.hidden, dtype=dtype).normal_(std=0.05, generator=generator)
    hidden = torch.empty(shape.tokens, shape.hidden, dtype=dtype).normal_(generator=generator)
    labels = torch.randint(shape.vocabulary, (shape.tokens,), generator=generator)
    labels[torch.rand(shape.tokens, generator=generator) >= shape.share] = IGNORED
    return hidden.requires_grad_(), weight, labels


def run(method: str, hidden: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor) -> float:
    """Forward and backward; returns the mean loss."""
    positions = (labels != IGNORED).nonzero().squeeze(1)
    if method == "plain":
        loss = cross_entropy((hidden @ weight.t()).float(), labels, ignore_index=IGNORED)
    else:
        total, _ = linear_cross_entropy(hidden.index_select(0, positions), weight, labels[positions])
        loss = total / len(positions)
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item()


def status_bytes(field: str) -> int:
    """A memory figure of this process, as Linux counts it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
