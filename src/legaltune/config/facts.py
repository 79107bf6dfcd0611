"""What is known of a model and of a machine before anything is loaded: plain numbers for checks and advice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A base model as its config.json describes it.

    Attributes:
        architecture: Class name (`Qwen2ForCausalLM`).
        num_layers: Decoder layers.
        num_heads: Query heads.
        num_kv_heads: Key and value heads.
        head_size: Width of a head; heads x width need not be the hidden size.
        hidden_size: Width of the residual stream.
        intermediate_size: Width of the MLP.
        vocabulary_size: Rows of the embedding.
        num_parameters: All parameters.
        num_block_parameters: Those of the decoder layers' linear maps, which quantization covers.
        tied_embeddings: Embedding and output layer are one matrix.
        max_position_embeddings: Longest sequence (tokens).
        sliding_window: Some layers attend to a window only.
    """

    architecture: str
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_size: int
    hidden_size: int
    intermediate_size: int
    vocabulary_size: int
    num_parameters: int
    num_block_parameters: int
    tied_embeddings: bool
    max_position_embeddings: int
    sliding_window: bool


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """The hosts of a run, all alike.

    Attributes:
        num_gpus: GPUs of each host; 0 means that the processes compute on the CPU.
        gpu_name: Name of a GPU, empty where there is none.
        gpu_memory_bytes: Memory of one GPU.
        has_bfloat16: The GPUs compute in bfloat16 (compute capability 8.0 and later).
        host_memory_bytes: Memory of each host.
        num_hosts: Hosts.
    """

    num_gpus: int
    gpu_name: str
    gpu_memory_bytes: int
    has_bfloat16: bool
    host_memory_bytes: int
    num_hosts: int = 1

    def processes_per_host(self, num_processes: int | str) -> int:
        """Processes on each host for a value of `parallel.num_processes`: auto is one per GPU, else one."""
        return num_processes if isinstance(num_processes, int) else max(1, self.num_gpus)
