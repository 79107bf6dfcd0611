"""One measurement of one engine in a process of its own: `python bench_sides.py ours|trl CASE.json RESULT.json`.

Both engines get the same packed rows in the same order, the same adapter, optimizer and number of steps. TRL's settings
are its own fastest ones (`bench_train.py --trl-variants` compares them); what they rest on in TRL 1.16.0:

- Packing "bfd" is best-fit decreasing like ours and switches `padding_free` on: the collator lays the rows out flat,
  with positions that restart at each document. We hand it rows packed by us (`input_ids`, `labels`, `seq_lengths`),
  which is what its own packing leaves, so that both train on the same rows. Preparation lies outside the timing.
- Documents are kept apart without FlashAttention too: there is no attention mask, transformers sees from the positions
  that the row is packed and builds a block mask for `scaled_dot_product_attention`.
- `loss_type` "nll" is its fused output layer: chunked, and it is the only one that trains on plain cross-entropy
  ("chunked_nll" is an alias). On a GPU (Triton) masked positions are left out; on a CPU every position is scored.
- One row a forward pass is its fastest on a CPU: several are laid out as one long row, whose block mask grows with the
  square of the length. With bfloat16 weights, autocast (its default) costs more than it gains.
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from legaltune.config import load_config
from legaltune.run_directory import RunDirectory
from legaltune.tokens.dataset import TokenDataset
from legaltune.tokens.packing import RowOrder, pack_best_fit

SEED = 0
LEARNING_RATE = 1e-3
_IGNORED_LABEL = -100
_LOG_LINES = 12


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured, the same for both engines.

    Attributes:
        model: Folder of the base model.
        run: Run directory with a token dataset; results of the engine go there too.
        sequence_length: Capacity of a row (tokens).
        rows_per_step: Rows per optimizer step.
        micro_batch_rows: Rows carried through the model at once.
        steps: All optimizer steps, warm-up included.
        warmup_steps: Steps before the timing begins, a multiple of `log_every`.
        log_every: Steps between two losses; the host waits for the device only then.
        dtype: Precision of the frozen weights, and of the arithmetic.
        checkpointing: Recompute activations in the backward pass.
        quantization: "none" or "nf4".
        offload: ZeRO-3 with parameters and optimizer in host memory.
        settings: Further settings of our engine, `section.field=value`.
        trl_settings: Further settings of TRL's SFTConfig; a key `attention` chooses the attention function.
        profile: Profile our engine (operators by their own CPU time) instead of timing it.
    """

    model: str
    run: str
    sequence_length: int
    rows_per_step: int
    steps: int
    warmup_steps: int
    micro_batch_rows: int = 1
    log_every: int = 1
    dtype: str = "float32"
    checkpointing: bool = False
    quantization: str = "none"
    offload: bool = False
    settings: tuple[str, ...] = ()
    trl_settings: dict[str, Any] = field(default_factory=dict)
    profile: bool = False


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one process measured.

    Attributes:
        tokens_per_second: Real tokens over wall-clock time, median of the timed intervals.
        losses: Mean loss per target token of each `log_every` steps, warm-up included.
        peak_memory_gib: Peak of allocated GPU memory, on a CPU of resident memory.
        operators: Operator, calls and its own CPU time (seconds), slowest first; only of a profile.
    """

    tokens_per_second: float
    losses: list[float]
    peak_memory_gib: float
    operators: list[tuple[str, int, float]] = field(default_factory=list)


class MeasurementError(Exception):
    """A child process gave no result; the message ends with its last lines."""


def measure(engine: str, case: Case, *, threads: int, timeout_seconds: float) -> Measurement:
    """Measure one engine in a process of its own.

    Args:
        engine: "ours" or "trl".
        case: What to measure; `case.run` holds the token dataset and stays as it is.
        threads: OpenMP threads of the process.
        timeout_seconds: The process is killed after so long.

    Raises:
        MeasurementError: The process failed or took too long.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "run").mkdir()
        (folder / "run" / "tokens").symlink_to(Path(case.run).resolve() / "tokens")
        own_case = dataclasses.replace(case, run=str(folder / "run"))
        (folder / "case.json").write_text(json.dumps(asdict(own_case)), encoding="utf-8")
        command = [sys.executable, __file__, engine, str(folder / "case.json"), str(folder / "result.json")]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
        with (folder / "log").open("wb") as log:
            try:
                code = subprocess.run(
                    command, env=environment, stdout=log, stderr=log, timeout=timeout_seconds, check=False
                ).returncode
            except subprocess.TimeoutExpired:
                raise MeasurementError(f"{engine}: no result after {timeout_seconds:.0f} s") from None
        if code != 0 or not (folder / "result.json").is_file():
            lines = (folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()
            raise MeasurementError(f"{engine}: exit code {code}: " + "\n".join(lines[-_LOG_LINES:]))
        return Measurement(**json.loads((folder / "result.json").read_text(encoding="utf-8")))


def rows_in_order(case: Case) -> tuple[TokenDataset, list[list[int]]]:
    """The token dataset, and all rows of the run (lists of example indices) in the order in which both train on them.

    That is the order of `legaltune.training.rows`; where it were another, the losses would differ.
    """
    dataset = TokenDataset(RunDirectory(Path(case.run)).tokens, "train")
    rows = pack_best_fit(dataset.lengths.tolist(), case.sequence_length)
    order = RowOrder(len(rows), SEED)
    return dataset, [rows[order.row_at(position)] for position in range(case.steps * case.rows_per_step)]


def step_tokens(case: Case) -> list[int]:
    """Real tokens of each step."""
    dataset, rows = rows_in_order(case)
    tokens = [int(dataset.lengths[row].sum()) for row in rows]
    return [sum(tokens[start : start + case.rows_per_step]) for start in range(0, len(tokens), case.rows_per_step)]


def measure_ours(case: Case) -> Measurement:
    """Trains as `legaltune train` does and reads the metric records."""
    from legaltune.training.processes import run_training  # noqa: PLC0415 - only the measured engine is imported

    config = load_config(None, [*_our_settings(case), *case.settings])
    run = RunDirectory(Path(case.run))

    def train() -> dict[str, Any]:
        return run_training(config, run) or {}

    summary, operators = _profiled(train) if case.profile else (train(), [])
    records = [record for record in summary["history"] if "tokens_per_second" in record]
    return Measurement(
        tokens_per_second=_rate_after_warmup(case, records),
        losses=[record["loss"] for record in records],
        peak_memory_gib=(summary.get("peak_memory_bytes") or 0) / 2**30 or _peak_memory_gib(),
        operators=operators,
    )


def _our_settings(case: Case) -> list[str]:
    settings = [
        f"model.name={case.model}",
        f"model.dtype={case.dtype}",
        f"tokens.sequence_length={case.sequence_length}",
        "adapter.dropout=0",
        f"optimizer.learning_rate={LEARNING_RATE}",
        "optimizer.min_learning_rate_ratio=1",
        "optimizer.warmup_steps=0",
        f"train.max_steps={case.steps}",
        f"train.global_batch_size={case.rows_per_step}",
        f"train.log_every_steps={case.log_every}",
        f"train.seed={SEED}",
        "parallel.num_processes=1",
        f"parallel.micro_batch_size={case.micro_batch_rows}",
        f"evaluation.every_steps={case.steps}",
    ]
    if case.checkpointing:
        settings.append("train.gradient_checkpointing=full")
    if case.quantization != "none":
        settings.append(f"quantization.method={case.quantization}")
    if case.offload:
        settings += ["parallel.zero_stage=3", "parallel.offload_optimizer=cpu", "parallel.offload_parameters=cpu"]
    return settings


def _rate_after_warmup(case: Case, records: list[dict[str, float]]) -> float:
    """Median of the rates of the intervals after the warm-up: one step that was held up does not count."""
    previous_steps = [0, *(int(record["step"]) for record in records)]
    pairs = zip(previous_steps, records, strict=False)
    return statistics.median(record["tokens_per_second"] for start, record in pairs if start >= case.warmup_steps)


def _profiled(function: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], list[tuple[str, int, float]]]:
    from torch.profiler import ProfilerActivity, profile  # noqa: PLC0415

    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        result = function()
    averages = sorted(profiler.key_averages(), key=lambda event: -event.self_cpu_time_total)
    return result, [(event.key, event.count, event.self_cpu_time_total / 1e6) for event in averages[:40]]


def measure_trl(case: Case) -> Measurement:
    """Trains with TRL's SFTTrainer on the same rows."""
    import torch  # noqa: PLC0415
    from peft import LoraConfig  # noqa: PLC0415
    from transformers import AutoTokenizer  # noqa: PLC0415
    from trl import SFTTrainer  # type: ignore[import-not-found,attr-defined,unused-ignore]  # noqa: PLC0415

    options = dict(case.trl_settings)
    arguments = _sft_config(case, options)  # first: under ZeRO-3 it decides how the model is loaded
    model = _load_for_trl(case, options.pop("attention", "sdpa"))
    tokenizer = AutoTokenizer.from_pretrained(case.model)
    defaults = load_config(None).adapter
    lora = LoraConfig(
        task_type="CAUSAL_LM",
        r=defaults.r,
        lora_alpha=defaults.alpha,
        lora_dropout=0.0,
        target_modules=list(defaults.target_modules),
        bias=defaults.bias,
    )
    trainer = SFTTrainer(
        model=model, args=arguments, train_dataset=_trl_rows(case), processing_class=tokenizer, peft_config=lora
    )
    trainer.add_callback(clock := _clock_callback(case, torch))
    trainer.train()
    return Measurement(
        tokens_per_second=_rate_after_warmup(case, clock.records),
        losses=[record["loss"] for record in trainer.state.log_history if "loss" in record],
        peak_memory_gib=_peak_memory_gib(),
    )


def _sft_config(case: Case, options: dict[str, Any]) -> Any:
    import torch  # noqa: PLC0415
    from trl import SFTConfig  # type: ignore[import-not-found,attr-defined,unused-ignore]  # noqa: PLC0415

    values: dict[str, Any] = {
        "output_dir": f"{case.run}/trl",
        "use_cpu": not torch.cuda.is_available(),
        "seed": SEED,
        "max_steps": case.steps,
        "per_device_train_batch_size": case.micro_batch_rows,
        "gradient_accumulation_steps": case.rows_per_step // case.micro_batch_rows,
        "learning_rate": LEARNING_RATE,
        "lr_scheduler_type": "constant",
        "optim": "adamw_torch_fused",
        "max_grad_norm": 1.0,
        # Autocast, on top of weights that have the precision already: it pays on a GPU alone. DeepSpeed asks for it.
        "bf16": case.dtype == "bfloat16" and (torch.cuda.is_available() or case.offload),
        "gradient_checkpointing": case.checkpointing,
        # Rows are packed already; this is the layout that packing_strategy="bfd" switches on.
        "padding_free": True,
        "max_length": None,
        "dataset_kwargs": {"skip_prepare_dataset": True},
        "train_sampling_strategy": "sequential",
        "logging_steps": case.log_every,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": torch.cuda.is_available(),
    }
    if case.offload:
        _describe_single_process()
        values["deepspeed"] = _deepspeed_offload()
    return SFTConfig(**values | {key: value for key, value in options.items() if key != "attention"})


def _describe_single_process() -> None:
    """What a launcher would set: without it DeepSpeed looks for MPI."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ |= {
        "RANK": "0",
        "LOCAL_RANK": "0",
        "WORLD_SIZE": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }


def _deepspeed_offload() -> dict[str, Any]:
    """ZeRO-3 with CPU offload as transformers' documentation sets it; "auto" is filled in by the trainer."""
    host = {"device": "cpu", "pin_memory": True}
    return {
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
        "gradient_clipping": "auto",
        "bf16": {"enabled": "auto"},
        "zero_optimization": {
            "stage": 3,
            "offload_optimizer": host,
            "offload_param": host,
            "overlap_comm": True,
            "contiguous_gradients": True,
            "reduce_bucket_size": "auto",
            "stage3_prefetch_bucket_size": "auto",
            "stage3_param_persistence_threshold": "auto",
        },
    }


def _load_for_trl(case: Case, attention: str) -> Any:
    import torch  # noqa: PLC0415
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig  # noqa: PLC0415

    options: dict[str, Any] = {"dtype": getattr(torch, case.dtype), "attn_implementation": attention}
    if case.quantization == "nf4":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=getattr(torch, case.dtype),
        )
    if torch.cuda.is_available() and not case.offload:
        options["device_map"] = {"": 0}
    return AutoModelForCausalLM.from_pretrained(case.model, **options)


def _trl_rows(case: Case) -> Any:
    """The packed rows in order, as TRL's own packing lays them out."""
    from datasets import Dataset  # noqa: PLC0415

    dataset, rows = rows_in_order(case)
    packed = []
    for row in rows:
        ids = np.concatenate([dataset.tokens(example) for example in row]).astype(np.int64)
        is_target = np.concatenate([dataset.loss_mask(example) for example in row]) == 1
        labels = np.where(is_target, ids, _IGNORED_LABEL)
        packed.append({"input_ids": ids, "labels": labels, "seq_lengths": dataset.lengths[row]})
    return Dataset.from_list(packed)


def _clock_callback(case: Case, torch: Any) -> Any:
    """A trainer callback that takes the time of each `log_every` steps."""
    from transformers import TrainerCallback  # noqa: PLC0415

    tokens = step_tokens(case)

    class Clock(TrainerCallback):  # type: ignore[misc]
        def __init__(self) -> None:
            self.records: list[dict[str, float]] = []
            self._start = time.perf_counter()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            step = state.global_step
            if step % case.log_every:
                return
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            now = time.perf_counter()
            rate = sum(tokens[step - case.log_every : step]) / (now - self._start)
            self.records.append({"step": step, "tokens_per_second": rate})
            self._start = now

    return Clock()


def _peak_memory_gib() -> float:
    import torch  # noqa: PLC0415

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Measures the case of a file and writes what was found to another."""
    engine, case_file, result_file = sys.argv[1:]
    values = json.loads(Path(case_file).read_text(encoding="utf-8"))
    case = Case(**values | {"settings": tuple(values["settings"])})
    measurement = {"ours": measure_ours, "trl": measure_trl}[engine](case)
    Path(result_file).write_text(json.dumps(asdict(measurement)), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # torch sometimes aborts in its teardown when a process group was formed


if __name__ == "__main__":
    main()
