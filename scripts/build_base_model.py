"""Builds the tiny base model that ships with the package: tokenizer, then pre-training on generated text.

Run `make base-model`; it writes `src/legaltune/model/tiny_qwen2/`. Everything is seeded. The model has Qwen2's
architecture and Qwen2.5's chat template. It learns the language of the generated decisions and statutes, the terms of a
glossary, and the shape of a chat (some texts are laid out as conversations that continue a text or ask something simple
about it), but none of the tasks: those are left to fine-tuning.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import pre_tokenizers
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

from legaltune.corpus.document import Decision
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.synthetic import Case, decision_text, generate_decisions, generate_statutes, statute_text
from legaltune.corpus.tasks import TaskContext, read_case, view_case
from legaltune.logs import set_up_logging

logger = logging.getLogger("build_base_model")

SEED = 20_260
VOCABULARY_SIZE = 4096
SEQUENCE_LENGTH = 1024
BATCH_SIZE = 8
PEAK_LEARNING_RATE = 4e-3
STATUTES_EVERY = 300
GLOSSARY_EVERY = 50
TOKENIZER_DECISIONS = 1500
SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
SCRIPTS = Path(__file__).resolve().parent
OUTPUT = SCRIPTS.parent / "src" / "legaltune" / "model" / "tiny_qwen2"


def main() -> None:
    """Train the tokenizer, pre-train the model, save both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=float, default=7e6, help="tokens to train on")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    set_up_logging()
    torch.manual_seed(SEED)
    tokenizer = train_tokenizer()
    model = pretrain(tokenizer, int(arguments.tokens))
    model.to(torch.bfloat16).save_pretrained(arguments.output)
    model.config.dtype = torch.float32  # stored in half the space, but loaded in full precision
    model.config.save_pretrained(arguments.output)
    tokenizer.save_pretrained(arguments.output)
    size = sum(path.stat().st_size for path in arguments.output.iterdir())
    logger.info("saved %.1f MB in %s", size / 1e6, arguments.output)


def texts() -> Iterator[str]:
    """Endless texts: decisions, a share of them laid out as a chat; statutes and glossary come back now and then."""
    statutes = [statute_text(statute) for statute in generate_statutes(SEED)]
    glossary = (SCRIPTS / "pretraining_glossary.txt").read_text(encoding="utf-8").strip().split("\n\n")
    generator = np.random.default_rng(SEED)
    for index, case in enumerate(generate_decisions(SEED)):
        if index % STATUTES_EVERY == 0:
            yield from statutes
        if index % GLOSSARY_EVERY == 0:
            yield "\n\n".join(generator.permutation(glossary))
        shape = SHAPES[generator.choice(len(SHAPES), p=SHAPE_SHARES)]
        yield shape(case, generator) or decision_text(case)


def document_text(decision: Decision) -> str:
    """A decision as the prompts of the tasks show it."""
    return view_case(read_case(decision), TaskContext(StatuteIndex.from_statutes([]))).lead.text


def as_plain_text(_case: Case, _generator: np.random.Generator) -> str | None:
    """Nothing but the decision."""
    return None


def as_continuation(case: Case, generator: np.random.Generator) -> str:
    """A conversation in which the assistant continues the user's text."""
    words = decision_text(case).split(" ")
    cut = int(generator.integers(len(words) // 4, max(len(words) // 4 + 1, 3 * len(words) // 4)))
    return chat(" ".join(words[:cut]), " ".join(words[cut:]))


def as_question_about_the_head(case: Case, generator: np.random.Generator) -> str | None:
    """A conversation about the first line of a decision: court, chamber, file number, year."""
    decision = case.decision
    answers = {
        "Welches Gericht hat entschieden?": decision.court,
        "Welcher Senat hat entschieden?": decision.chamber,
        "Wie lautet das Aktenzeichen?": decision.file_numbers[0],
        "In welchem Jahr wurde entschieden?": str(decision.date.year) if decision.date else None,
    }
    return ask(decision_text(case), answers, generator)


def as_question_about_the_case(case: Case, generator: np.random.Generator) -> str | None:
    """A conversation about the body of a decision: subject, court, appeal, norm. No task asks for these."""
    answers = {
        "Welches Gericht hat entschieden?": case.decision.court,
        "Worum geht es?": case.decision.title,
        "Welches Rechtsmittel wurde eingelegt?": case.form,
        "Auf welche Norm kommt es an?": next(iter(case.applied_norms), None),
    }
    return ask(document_text(case.decision), answers, generator)


SHAPES = (as_plain_text, as_continuation, as_question_about_the_head, as_question_about_the_case)
SHAPE_SHARES = (0.3, 0.05, 0.1, 0.55)


def ask(document: str, answers: dict[str, str | None], generator: np.random.Generator) -> str | None:
    """A conversation with one of the questions that have an answer; None without document or answer."""
    known = [question for question, answer in answers.items() if answer]
    if not document or not known:
        return None
    question = str(generator.choice(known))
    return chat(f"{document}\n\n{question}", str(answers[question]))


def chat(prompt: str, answer: str) -> str:
    """One turn in Qwen2.5's chat format."""
    return (
        "<|im_start|>system\nDu bist ein Assistent.<|im_end|>\n"
        f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>"
    )


def train_tokenizer() -> Any:
    """Byte-level BPE with Qwen2's pre-tokenizer, special tokens and Qwen2.5's chat template."""
    tokenizer = Qwen2Tokenizer().train_new_from_iterator(
        itertools.islice(texts(), TOKENIZER_DECISIONS),
        vocab_size=VOCABULARY_SIZE,
        new_special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.eos_token, tokenizer.pad_token = "<|im_end|>", "<|endoftext|>"
    tokenizer.chat_template = (SCRIPTS / "qwen2.5_chat_template.jinja").read_text(encoding="utf-8")
    tokenizer.model_max_length = 4096
    return tokenizer


def pretrain(tokenizer: Any, num_tokens: int) -> Qwen2ForCausalLM:
    """Plain next-token training on one stream of text."""
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=6,
            num_key_value_heads=2,
            max_position_embeddings=4096,
            tie_word_embeddings=True,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            use_cache=False,
        )
    )
    num_steps = num_tokens // (BATCH_SIZE * SEQUENCE_LENGTH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.0, betas=(0.9, 0.95), weight_decay=0.1)
    stream = token_stream(tokenizer)
    logger.info("%d parameters, %d steps", sum(p.numel() for p in model.parameters()), num_steps)
    start = time.monotonic()
    for step in range(num_steps):
        optimizer.param_groups[0]["lr"] = rate(step, num_steps)
        batch = torch.from_numpy(np.stack([next(stream) for _ in range(BATCH_SIZE)]))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 20 == 0 or step == num_steps - 1:
            logger.info("step=%d loss=%.4f seconds=%.0f", step, float(loss.detach()), time.monotonic() - start)
    return model


def rate(step: int, num_steps: int) -> float:
    """Warm-up over 50 steps, then cosine to a tenth."""
    warmup = min(1.0, (step + 1) / 50)
    return PEAK_LEARNING_RATE * warmup * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * step / num_steps)))


def token_stream(tokenizer: Any) -> Iterator[NDArray[np.int64]]:
    """Consecutive windows of the texts, an end-of-text token between two."""
    buffer: list[int] = []
    for text in texts():
        buffer += [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.pad_token_id]
        while len(buffer) >= SEQUENCE_LENGTH:
            yield np.array(buffer[:SEQUENCE_LENGTH], dtype=np.int64)
            buffer = buffer[SEQUENCE_LENGTH:]


if __name__ == "__main__":
    main()
