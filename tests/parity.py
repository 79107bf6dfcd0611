"""A plain torch loop to hold the training loop against, on the same rows."""

from __future__ import annotations

from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from legaltune.config import RunConfig, load_config
from legaltune.model.base import load_tokenizer
from legaltune.parallel.topology import Topology
from legaltune.run_directory import RunDirectory
from legaltune.tokens.dataset import TokenDataset
from legaltune.training.rows import RowSchedule
from legaltune.training.schedule import learning_rate
from tests.tiny import chat_examples, save_model, save_tokens

STEPS = 6


def set_up_run(folder: Path, *overrides: str) -> tuple[RunConfig, RunDirectory]:
    """A tiny model, a token dataset and a configuration without dropout."""
    save_model(folder / "model")
    config = load_config(
        "demo",
        [
            f"model.name={folder / 'model'}",
            "tokens.sequence_length=256",
            "tokens.min_document_tokens=4",
            "adapter.dropout=0",
            "train.epochs=null",
            f"train.max_steps={STEPS}",
            "train.log_every_steps=1",
            "train.global_batch_size=4",
            *overrides,
        ],
    )
    run = RunDirectory(folder / "run")
    examples = chat_examples(40) + chat_examples(10, split="validation", seed=1)
    save_tokens(run.tokens, examples, load_tokenizer(config.model))
    return config, run


def plain_losses(config: RunConfig, run: RunDirectory) -> list[float]:
    """Loss of each step by a plain single-process loop: one example at a time, no packing, no DeepSpeed."""
    dataset = TokenDataset(run.tokens, "train")
    topology = Topology(world_size=1, micro_batch_size=4, accumulation_steps=1)
    rows = RowSchedule(dataset, sequence_length=256, topology=topology, seed=config.train.seed)
    base = AutoModelForCausalLM.from_pretrained(config.model.name, dtype=torch.float32)
    torch.manual_seed(config.train.seed)
    lora = LoraConfig(r=16, lora_alpha=32, target_modules=list(config.adapter.target_modules), task_type="CAUSAL_LM")
    model = get_peft_model(base, lora).train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1.0, eps=config.optimizer.epsilon, weight_decay=0.0)
    losses = []
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = learning_rate(config.optimizer, step, STEPS)
        examples = [example for batch in rows.micro_batches(step, rank=0) for row in batch for example in row]
        total, num_targets = torch.zeros(()), 0
        for example in examples:
            ids = torch.from_numpy(dataset.tokens(example).astype("int64"))
            labels = ids.masked_fill(torch.from_numpy(dataset.loss_mask(example) == 0), -100)
            logits = model(input_ids=ids[None]).logits[0, :-1]
            total = total + torch.nn.functional.cross_entropy(logits, labels[1:], reduction="sum")
            num_targets += int((labels != -100).sum())
        (total / num_targets).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, config.optimizer.max_gradient_norm or torch.inf)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(total.detach()) / num_targets)
    return losses
