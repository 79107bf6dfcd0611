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
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "float32"
    """Precision of weights and activations; auto: bfloat16 on GPUs that have it, float16 on others, float32 on a CPU.
    The trained weights always have an fp32 master copy, and float16 a dynamic loss scale."""
    attention: Literal["per_document", "sdpa"] = "per_document"
    """How the documents of a packed row are kept apart: one attention call per document (FlashAttention's
    variable-length kernel on a GPU), or one masked call of `scaled_dot_product_attention` over the row."""
    new_tokens: tuple[str, ...] = ()
    """Domain tokens added to the tokenizer; their embeddings start as the mean of their sub-tokens' embeddings."""
    new_token_vectors: str | None = None
    """File of start vectors for `new_tokens` instead, one `token v1 v2 …` per line (word2vec text format)."""


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


class AdapterMethod(StrEnum):
    """What is trained."""

    LORA = "lora"
    RSLORA = "rslora"
    DORA = "dora"
    FULL = "full"
    PREFIX = "prefix"
    PROMPT = "prompt"
    IA3 = "ia3"
    BOTTLENECK = "bottleneck"


class AdapterConfig(Section):
    """What is trained; defaults are the source article's LoRA."""

    method: AdapterMethod = AdapterMethod.LORA
    """lora (arXiv 2106.09685), rslora (arXiv 2312.03732), dora (arXiv 2402.09353), ia3 (arXiv 2205.05638), prefix
    (arXiv 2101.00190), prompt (arXiv 2104.08691), bottleneck (arXiv 1902.00751), or full: all weights of the model.
    QLoRA is lora with `quantization.method`."""
    r: PositiveInt = 16
    """Rank (lora, rslora, dora)."""
    alpha: PositiveFloat = 32
    """Scaling: the update is multiplied by alpha / r, in rslora by alpha / sqrt(r)."""
    dropout: float = Field(default=0.05, ge=0, lt=1)
    """Dropout on the input of the adapter (lora, rslora, dora)."""
    target_modules: tuple[str, ...] = Field(default=LORA_TARGET_MODULES, min_length=1)
    """Linear layers that get an adapter (lora, rslora, dora)."""
    bias: Literal["none"] = "none"
    """Biases stay frozen (lora, rslora, dora)."""
    num_virtual_tokens: PositiveInt = 20
    """Trained virtual tokens before each example (prefix, prompt)."""
    bottleneck_size: PositiveInt = 64
    """Width of the adapter's hidden layer (bottleneck)."""
    train_embeddings: Literal["none", "new", "all"] = "none"
    """Embeddings trained beside the adapter: none, the rows of `model.new_tokens`, or all (only with method full)."""


class QuantizationConfig(Section):
    """Precision of the frozen base weights (QLoRA, arXiv 2305.14314; LLM.int8(), arXiv 2208.07339)."""

    method: Literal["none", "nf4", "int8"] = "none"
    """none: as `model.dtype`; nf4: 4-bit NormalFloat; int8: 8-bit with 16-bit outliers."""
    double_quantization: bool = True
    """Quantize the scales of nf4 too (0.516 instead of 0.5625 bytes per parameter)."""


class OptimizerConfig(Section):
    """AdamW with linear warm-up and cosine decay."""

    name: Literal["adamw", "adamw_8bit"] = "adamw"
    """adamw: fused, fp32 moments; adamw_8bit: block-wise quantized moments (arXiv 2110.02861), CUDA only."""
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
    """Optimizer steps between two metric lines; only then does the host wait for the GPU."""
    gradient_checkpointing: Literal["off", "full", "selective"] = "off"
    """off: keep all activations; full: keep the input of each layer and recompute the rest; selective: keep the
    results of matrix products and attention and recompute what is cheap."""
    compile: bool = False
    """Compile each decoder layer with torch.compile."""
    fused_kernels: bool = True
    """Use Liger's fused kernels where there are any (CUDA only)."""
    early_stopping_patience: PositiveInt | None = None
    """Stop after this many validations without a better loss, and keep the best adapter; off where unset."""
    early_stopping_min_delta: NonNegativeFloat = 0.0
    """A validation loss counts as better when it is lower by more than this (nats per target token)."""
    divergence_margin: PositiveFloat = 4.0
    """Stop when three metric lines in a row are above the first one's loss by more than this (nats per token)."""


class ParallelConfig(Section):
    """How a step is spread over processes."""

    num_processes: PositiveInt | Literal["auto"] = "auto"
    """Processes on each host; auto: one per GPU, else one. The data-parallel degree is all processes divided by
    tensor_parallel_degree."""
    tensor_parallel_degree: PositiveInt = 1
    """Processes that share each layer between them; neighbours on one host."""
    micro_batch_size: PositiveInt = 1
    """Rows that one process carries through the model at once; accumulation steps follow from global_batch_size."""
    zero_stage: Literal[0, 1, 2, 3] = 0
    """What DeepSpeed ZeRO shards over the data-parallel processes: 0 nothing, 1 optimizer states, 2 gradients too,
    3 parameters too (arXiv 1910.02054)."""
    offload_optimizer: Literal["none", "cpu"] = "none"
    """Where the optimizer states lie (zero_stage 1 to 3)."""
    offload_parameters: Literal["none", "cpu"] = "none"
    """Where the parameters lie while they are not needed (zero_stage 3)."""
    pin_memory: bool = True
    """Offload to page-locked host memory, which copies faster."""
    overlap_comm: bool = True
    """Reduce gradients while the backward pass goes on."""
    contiguous_gradients: bool = True
    """Copy gradients to one buffer as they are made."""
    reduce_bucket_size: PositiveInt = 500_000_000
    """Gradients reduced at once (elements)."""
    prefetch_bucket_size: NonNegativeInt = 500_000_000
    """Parameters fetched ahead of their use (elements, zero_stage 3)."""
    parameter_persistence_threshold: NonNegativeInt = 1_000_000
    """Parameters smaller than this are never sharded (elements, zero_stage 3)."""


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
    """Where metrics go besides log, report and TensorBoard events below logs/."""

    mlflow_uri: str | None = None
    """MLflow tracking server or store (`http://…`, `sqlite:///…`); none where unset."""
    mlflow_experiment: str = "legaltune"
    """Experiment that the run belongs to."""


class BudgetConfig(Section):
    """What the run may cost."""

    host_usd_per_hour: NonNegativeFloat | None = None
    """Price of one host (USD per hour), from which the cost so far is shown; unknown where unset."""


class RunConfig(Section):
    """One run, from documents to an evaluated adapter."""

    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    tokens: TokensConfig = TokensConfig()
    adapter: AdapterConfig = AdapterConfig()
    quantization: QuantizationConfig = QuantizationConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    train: TrainConfig = TrainConfig()
    parallel: ParallelConfig = ParallelConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    tracking: TrackingConfig = TrackingConfig()
    budget: BudgetConfig = BudgetConfig()
