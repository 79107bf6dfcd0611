"""The run configuration: one file = one run. Each field says what it means and its unit."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

Seed = Annotated[int, Field(ge=0, lt=2**63)]
LORA_TARGET_MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class TaskName(StrEnum):
    """Tasks a decision can be turned into; the value is the `task` column of the prepared dataset."""

    CLASSIFICATION = "classification"
    SUMMARIZATION = "summarization"
    CASE_ANALYSIS = "case_analysis"
    STATUTE_INTERPRETATION = "statute_interpretation"
    READY_MADE = "ready_made"


class Section(BaseModel):
    """Base of all sections: unknown keys refused, values fixed once loaded, docstrings under fields become help."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True, allow_inf_nan=False
    )


class ModelConfig(Section):
    """The base model."""

    name: str = "builtin:tiny-qwen2"
    """`builtin:tiny-qwen2` (ships with the package), a folder, or a name on the Hugging Face hub."""
    revision: str | None = None
    """Commit, tag or branch on the hub; pin a commit so that a run can be repeated."""
    token_variable: str = "HF_TOKEN"
    """Name of the environment variable that holds the hub token (the token itself is never configured)."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Precision of weights and activations; the adapter's master weights are always fp32."""


class SplitConfig(Section):
    """Shares of the documents that are held out. The rest is for training."""

    validation: float = Field(default=0.1, ge=0, lt=1)
    """Share watched during training (0 to below 1)."""
    test: float = Field(default=0.1, ge=0, lt=1)
    """Share that the final evaluation uses, never seen in training (0 to below 1)."""


class DataConfig(Section):
    """From documents to examples."""

    input: tuple[str, ...] = ()
    """Files or folders with decisions and statutes; read recursively, zips included."""
    synthetic_decisions: NonNegativeInt = 0
    """Number of decisions to generate instead of reading `input` (no network, our own words)."""
    tasks: tuple[TaskName, ...] = tuple(TaskName)
    """Tasks to build from each decision, as far as its parts support them."""
    split: SplitConfig = SplitConfig()
    """Held-out shares."""
    seed: Seed = 0
    """Decides the split, the wordings of the prompts and the synthetic corpus."""
    language: str = Field(default="de", pattern="^[a-z]{2}$")
    """Language of the documents and of the prompts (ISO 639-1); documents in another one are dropped."""
    min_grounds_characters: NonNegativeInt = 200
    """A decision whose grounds are shorter is dropped (characters)."""
    near_duplicates: Literal["drop", "group"] = "drop"
    """What becomes of a decision that is nearly the same as another one: dropped, or kept in the same split."""
    near_duplicate_similarity: float = Field(default=0.8, ge=0.5, le=1)
    """From this Jaccard similarity of their word sequences on, two decisions are near duplicates."""
    max_document_length: PositiveInt | None = None
    """Longest part of a decision in a prompt, cut between sentences (characters); by default it is not cut here."""
    num_phrasings: PositiveInt | None = None
    """Wordings used of each kind of prompt, from the first on; all where unset."""
    max_target_characters: PositiveInt = 6000
    """Longest answer of a case analysis or statute interpretation; a longer Leitsatz is not used (characters)."""
    max_norm_characters: PositiveInt = 4000
    """Longest statute text put into a prompt; of a longer norm only the cited Absatz (characters)."""
    max_statute_examples: PositiveInt = 2
    """Most statute interpretations taken from one decision."""


class TokensConfig(Section):
    """From examples to tokens."""

    sequence_length: int = Field(default=4096, ge=64)
    """Length of a packed row and longest example (tokens)."""
    min_document_tokens: NonNegativeInt = 64
    """An example whose document would be cut below this many tokens is dropped."""


class AdapterConfig(Section):
    """LoRA (Hu et al. 2021, arXiv 2106.09685); defaults of the source article."""

    method: Literal["lora"] = "lora"
    """Parameter-efficient method."""
    r: PositiveInt = 16
    """Rank."""
    alpha: PositiveFloat = 32
    """Scaling: the update is multiplied by alpha / r."""
    dropout: float = Field(default=0.05, ge=0, lt=1)
    """Dropout on the input of the adapter."""
    target_modules: tuple[str, ...] = Field(default=LORA_TARGET_MODULES, min_length=1)
    """Linear layers that get an adapter."""
    bias: Literal["none"] = "none"
    """Biases stay frozen."""


class OptimizerConfig(Section):
    """AdamW with linear warm-up and cosine decay."""

    learning_rate: PositiveFloat = 2e-4
    """Peak learning rate."""
    min_learning_rate_ratio: float = Field(default=0.1, ge=0, le=1)
    """Learning rate at the end of the cosine, as a share of the peak."""
    warmup_ratio: float | None = Field(default=None, ge=0, lt=1)
    """Warm-up as a share of all steps; 0.03 where neither this nor warmup_steps is set."""
    warmup_steps: NonNegativeInt | None = None
    """Warm-up in optimizer steps; instead of warmup_ratio."""
    weight_decay: NonNegativeFloat = 0.0
    """Decoupled weight decay."""
    beta1: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the first moment."""
    beta2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the second moment."""
    epsilon: PositiveFloat = 1e-8
    """Added to the denominator."""
    max_gradient_norm: NonNegativeFloat = 1.0
    """Gradients are clipped to this global L2 norm; 0 switches clipping off."""


class TrainConfig(Section):
    """The training loop."""

    epochs: PositiveFloat | None = None
    """Passes over the training rows; 1 where neither this nor max_steps is set."""
    max_steps: PositiveInt | None = None
    """Optimizer steps; instead of epochs."""
    global_batch_size: PositiveInt = 16
    """Packed rows per optimizer step, over all processes and accumulation steps."""
    seed: Seed = 0
    """Decides the order of the rows, the adapter's initial weights and dropout."""
    log_every_steps: PositiveInt = 10
    """Optimizer steps between two metric lines."""


class ParallelConfig(Section):
    """How a step is spread over processes."""

    num_processes: PositiveInt | Literal["auto"] = "auto"
    """Data-parallel processes on this machine; auto: one per GPU, else one."""
    micro_batch_size: PositiveInt = 1
    """Rows that one process carries through the model at once; accumulation steps follow from global_batch_size."""
    zero_stage: Literal[0, 1, 2] = 0
    """What DeepSpeed ZeRO shards over the processes: 0 nothing, 1 optimizer states, 2 gradients too."""


class EvaluationConfig(Section):
    """What is measured on held-out documents."""

    every_steps: PositiveInt | None = None
    """Optimizer steps between two validation losses; where unset, four times over the run and at its end."""
    max_validation_rows: PositiveInt = 64
    """Packed rows of the validation split used during training."""
    max_classification_examples: NonNegativeInt = 200
    """Test examples classified by generation; 0 switches it off."""
    max_summarization_examples: NonNegativeInt = 20
    """Test examples of summarization, and ready-made ones, generated for ROUGE-L; 0 switches it off."""
    max_new_tokens: PositiveInt = 256
    """Longest generated answer (tokens)."""
    generation_batch_size: PositiveInt = 16
    """Examples generated at once."""


class TrackingConfig(Section):
    """Where metrics go besides log and report."""

    tensorboard: bool = True
    """Write TensorBoard events below logs/."""


class RunConfig(Section):
    """One run, from documents to an evaluated adapter."""

    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    tokens: TokensConfig = TokensConfig()
    adapter: AdapterConfig = AdapterConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    train: TrainConfig = TrainConfig()
    parallel: ParallelConfig = ParallelConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    tracking: TrackingConfig = TrackingConfig()
