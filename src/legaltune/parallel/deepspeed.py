"""The DeepSpeed configuration of a run (0.19: deepspeed/runtime/config.py, runtime/zero/config.py)."""

from __future__ import annotations

from typing import Any

from legaltune.config.schema import RunConfig
from legaltune.parallel.topology import Topology


def deepspeed_config(
    config: RunConfig, topology: Topology, *, dtype: str, on_cpu: bool, num_trainable: int | None = None
) -> dict[str, Any]:
    """The DeepSpeed configuration of ZeRO stages 1 to 3, as JSON values.

    What DeepSpeed would decide by defaults that change between versions is explicit. Gradients of 16-bit weights are
    accumulated and reduced in fp32, so that the stages and offloads give the same numbers.

    Args:
        config: The run.
        topology: Layout of a step. The global batch is left to DeepSpeed, whose zero.Init counts all processes.
        dtype: Precision of the weights: float32, bfloat16 or float16.
        on_cpu: The processes compute on a CPU: nothing is page-locked, and gloo does not overlap.
        num_trainable: Trainable parameters that this process holds (before ZeRO shards them). DeepSpeed allocates
            whole buckets, 2 GB each at the article's 5e8 elements: they are made no larger than the gradients.

    Raises:
        ValueError: Stage 0, which does not use DeepSpeed.
    """
    if config.parallel.zero_stage == 0:
        raise ValueError("ZeRO stage 0 does not use DeepSpeed")
    settings: dict[str, Any] = {
        "train_micro_batch_size_per_gpu": topology.micro_batch_size,
        "gradient_accumulation_steps": topology.accumulation_steps,
        "gradient_clipping": config.optimizer.max_gradient_norm,
        "zero_optimization": _zero(config, on_cpu=on_cpu, num_trainable=num_trainable),
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
        "wall_clock_breakdown": False,
        "steps_per_print": None,
    }
    if dtype != "float32":
        settings |= {"communication_data_type": "fp32", "data_types": {"grad_accum_dtype": "fp32"}}
    if dtype == "bfloat16":  # an overflow is an error of the run, not a step to pass over in silence
        settings["bf16"] = {"enabled": True, "check_grad_overflow": False}
    if dtype == "float16":
        settings["fp16"] = {
            "enabled": True,
            "loss_scale": 0,  # dynamic
            "initial_scale_power": 16,
            "loss_scale_window": 1000,
            "hysteresis": 2,
            "min_loss_scale": 1,
        }
    return settings


def _zero(config: RunConfig, *, on_cpu: bool, num_trainable: int | None) -> dict[str, Any]:
    parallel = config.parallel
    bucket_size = parallel.reduce_bucket_size
    settings: dict[str, Any] = {
        "stage": parallel.zero_stage,
        "overlap_comm": parallel.overlap_comm and not on_cpu,
        "contiguous_gradients": parallel.contiguous_gradients,
        "reduce_bucket_size": bucket_size if num_trainable is None else max(1, min(bucket_size, num_trainable)),
    }
    offload = {"device": "cpu", "pin_memory": parallel.pin_memory and not on_cpu}
    if parallel.offload_optimizer == "cpu":
        settings["offload_optimizer"] = dict(offload)
    if parallel.zero_stage == 3:
        settings["stage3_prefetch_bucket_size"] = parallel.prefetch_bucket_size
        settings["stage3_param_persistence_threshold"] = parallel.parameter_persistence_threshold
        # DeepSpeed's own linear keeps no gathered weight for the backward pass, but it adds the bias in place, which
        # would change results that selective checkpointing keeps; that keeps no weights anyway.
        settings["memory_efficient_linear"] = config.train.gradient_checkpointing != "selective"
        if parallel.offload_parameters == "cpu":
            settings["offload_param"] = dict(offload)
    return settings
