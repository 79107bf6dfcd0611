"""A model and machines that tests of plans share."""

from __future__ import annotations

from legaltune.config.facts import MachineFacts, ModelFacts

_GIB = 2**30

QWEN_7B = ModelFacts(
    architecture="Qwen2ForCausalLM",
    num_layers=28,
    num_heads=28,
    num_kv_heads=4,
    head_size=128,
    hidden_size=3584,
    intermediate_size=18944,
    vocabulary_size=152064,
    num_parameters=7_615_616_512,
    num_block_parameters=28 * (2 * 3584 * 3584 + 2 * 3584 * 512 + 3 * 3584 * 18944),
    tied_embeddings=False,
    max_position_embeddings=32768,
    sliding_window=False,
)
CPU = MachineFacts(num_gpus=0, gpu_name="", gpu_memory_bytes=0, has_bfloat16=True, host_memory_bytes=64 * _GIB)
A10G = MachineFacts(1, "NVIDIA A10G", int(22.4 * _GIB), has_bfloat16=True, host_memory_bytes=128 * _GIB)
A10G_X4 = MachineFacts(4, "NVIDIA A10G", int(22.4 * _GIB), has_bfloat16=True, host_memory_bytes=192 * _GIB)
T4_X4 = MachineFacts(4, "Tesla T4", int(14.6 * _GIB), has_bfloat16=False, host_memory_bytes=192 * _GIB)
H100 = MachineFacts(1, "NVIDIA H100", 79 * _GIB, has_bfloat16=True, host_memory_bytes=256 * _GIB)
