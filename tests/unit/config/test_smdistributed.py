from __future__ import annotations

import json
import logging
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from legaltune.config import RunConfig, load_config
from legaltune.config.smdistributed import ModelParallelParameters, map_distribution
from legaltune.errors import ConfigurationError

ARTICLE: dict[str, Any] = {
    "partitions": 2,
    "microbatches": 4,
    "optimize": "speed",
    "pipeline_parallel_degree": 1,
    "tensor_parallel_degree": 2,
    "ddp": True,
    "placement_strategy": "cluster",
    "activation_checkpointing": True,
    "shard_optimizer_state": True,
}


def _values(parameters: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {
        "distribution": {"smdistributed": {"modelparallel": {"enabled": True, "parameters": parameters}}}
    } | sections


def _load(tmp_path: Path, values: dict[str, Any], *overrides: str) -> RunConfig:
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return load_config(str(path), overrides)


def test_the_source_articles_settings_run_once_its_partitions_are_gone(tmp_path: Path) -> None:
    parameters = {name: value for name, value in ARTICLE.items() if name != "partitions"}
    config = _load(tmp_path, _values(parameters, parallel={"num_processes": 4}))
    assert config.parallel.tensor_parallel_degree == 2
    assert config.parallel.micro_batch_size == 2, "16 rows / 2 data-parallel processes / 4 microbatches"
    assert config.parallel.zero_stage == 1
    assert config.train.gradient_checkpointing == "full"
    assert config.train.global_batch_size == 16


def test_its_partitions_are_refused_with_reason_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="1 fault") as caught:
        _load(tmp_path, _values(ARTICLE, parallel={"num_processes": 4}))
    message = str(caught.value)
    assert "partitions: 2 pipeline stages are not supported, because ZeRO-3 does not go with them" in message
    assert "remove it (tensor_parallel_degree splits each layer instead)" in message


def test_the_section_may_stand_alone_and_in_overrides(tmp_path: Path) -> None:
    alone = {"smdistributed": {"modelparallel": {"enabled": True, "parameters": {"tensor_parallel_degree": 2}}}}
    assert _load(tmp_path, alone).parallel.tensor_parallel_degree == 2
    path = "smdistributed.modelparallel.parameters"
    config = load_config(None, [f"{path}.tensor_parallel_degree=2", f"{path}.activation_checkpointing=true"])
    assert config.parallel.tensor_parallel_degree == 2
    assert config.train.gradient_checkpointing == "full"
    as_json = json.dumps(_values({"tensor_parallel_degree": 2})["distribution"])
    assert load_config(None, [f"distribution={as_json}"]).parallel.tensor_parallel_degree == 2


def test_giving_both_sections_is_a_fault() -> None:
    with pytest.raises(ConfigurationError, match="give one of them"):
        load_config(None, ["smdistributed={}", "distribution={}"])


@pytest.mark.parametrize(
    ("parameters", "path", "value"),
    [
        ({"tensor_parallel_degree": 4}, "parallel.tensor_parallel_degree", 4),
        ({"shard_optimizer_state": True}, "parallel.zero_stage", 1),
        ({"shard_optimizer_state": False}, "parallel.zero_stage", 0),
        ({"sharded_data_parallel_degree": 4}, "parallel.zero_stage", 3),
        ({"sharded_data_parallel_degree": 4, "shard_optimizer_state": True}, "parallel.zero_stage", 3),
        ({"hybrid_shard_degree": 8}, "parallel.zero_stage", 3),
        ({"hybrid_shard_degree": 0}, "parallel.zero_stage", 3),
        ({"hybrid_shard_degree": 1}, "parallel.zero_stage", 0),
        ({"sdp_reduce_bucket_size": 10_000}, "parallel.reduce_bucket_size", 10_000),
        ({"sdp_param_persistence_threshold": 77}, "parallel.parameter_persistence_threshold", 77),
        ({"sdp_gradient_clipping": 0.5}, "optimizer.max_gradient_norm", 0.5),
        ({"activation_checkpointing": True}, "train.gradient_checkpointing", "full"),
        ({"activation_checkpointing": False}, "train.gradient_checkpointing", "off"),
        ({"optimize": "memory"}, "train.gradient_checkpointing", "full"),
        ({"optimize": "speed"}, "train.gradient_checkpointing", "off"),
        ({"optimize": "memory", "activation_checkpointing": False}, "train.gradient_checkpointing", "off"),
        ({"ddp": True}, "parallel.num_processes", "auto"),
        ({"ddp": False, "tensor_parallel_degree": 2}, "parallel.num_processes", 2),
        ({"fp16": True}, "model.dtype", "float16"),
        ({"bf16": True}, "model.dtype", "bfloat16"),
        ({"fp16": False}, "model.dtype", "float32"),
        ({"random_seed": 12345}, "train.seed", 12345),
        ({"pipeline_parallel_degree": 1, "partitions": 1}, "parallel.tensor_parallel_degree", 1),
    ],
)
def test_each_parameter_sets_what_it_means(
    tmp_path: Path, parameters: dict[str, Any], path: str, value: object
) -> None:
    section, name = path.split(".")
    assert getattr(getattr(_load(tmp_path, _values(parameters)), section), name) == value


@pytest.mark.parametrize(
    ("microbatches", "processes", "degree", "micro_batch"), [(4, 1, 1, 4), (1, 2, 1, 8), (8, 4, 2, 1), (2, 4, 4, 8)]
)
def test_microbatches_are_accumulation_steps(
    tmp_path: Path, microbatches: int, processes: int, degree: int, micro_batch: int
) -> None:
    values = _values({"microbatches": microbatches, "tensor_parallel_degree": degree})
    values["distribution"]["mpi"] = {"enabled": True, "processes_per_host": processes}
    config = _load(tmp_path, values)
    assert config.parallel.micro_batch_size == micro_batch
    steps = config.train.global_batch_size // (config.parallel.micro_batch_size * (processes // degree))
    assert steps == microbatches


@pytest.mark.parametrize(
    ("parameters", "sections", "expected"),
    [
        (
            {"pipeline_parallel_degree": 2},
            {},
            "pipeline_parallel_degree: 2 pipeline stages .*use tensor_parallel_degree",
        ),
        ({"context_parallel_degree": 2}, {}, "context_parallel_degree: 2 is not supported"),
        ({"offload_activations": True}, {}, "offload_activations: .*use activation_checkpointing"),
        ({"sm_activation_offloading": True}, {}, "sm_activation_offloading: .*use activation_checkpointing"),
        ({"horovod": True}, {}, "horovod: torch.distributed carries"),
        ({"tensor_parallel_degree": 2}, {"parallel": {"tensor_parallel_degree": 4}}, "asks for 2, the second is 4"),
        ({"shard_optimizer_state": True}, {"parallel": {"zero_stage": 0}}, "asks for 1 or above, the second is 0"),
        ({"shard_optimizer_state": False}, {"parallel": {"zero_stage": 2}}, "asks for 0, the second is 2"),
        (
            {"sharded_data_parallel_degree": 2, "shard_optimizer_state": False},
            {},
            "shard_optimizer_state / parallel.zero_stage: the first asks for 0, the second is 3",
        ),
        ({"sharded_data_parallel_degree": 2}, {"parallel": {"zero_stage": 1}}, "asks for 3, the second is 1"),
        (
            {"activation_checkpointing": True},
            {"train": {"gradient_checkpointing": "off"}},
            "asks for full or selective",
        ),
        ({"activation_checkpointing": False}, {"train": {"gradient_checkpointing": "full"}}, "asks for off"),
        ({"sdp_gradient_clipping": 1.0}, {"optimizer": {"max_gradient_norm": 1.5}}, "asks for 1.0, the second is 1.5"),
        (
            {"ddp": False},
            {"parallel": {"num_processes": 4}},
            "ddp / parallel.num_processes: the first false asks for 1",
        ),
        ({"fp16": True, "bf16": True}, {}, "bf16 / model.dtype: the first asks for bfloat16, the second is float16"),
        ({"microbatches": 4}, {}, "microbatches / parallel.num_processes: .*set parallel.num_processes"),
        ({"microbatches": 3}, {"parallel": {"num_processes": 2}}, "set train.global_batch_size to 18"),
        (
            {"microbatches": 4},
            {"parallel": {"num_processes": 1, "micro_batch_size": 1}},
            "microbatches / parallel.micro_batch_size: the first asks for 4, the second is 1",
        ),
        (
            {"tensor_parallel_degre": 2},
            {},
            "parameters.tensor_parallel_degre: unknown .*did you mean tensor_parallel_deg",
        ),
        (
            {"tensor_parallel_degree": 0},
            {},
            "distribution.smdistributed.modelparallel.parameters.tensor_parallel_degree: I",
        ),
        ({"optimize": "cost"}, {}, "parameters.optimize: Input should be 'speed' or 'memory'"),
    ],
)
def test_what_cannot_be_carried_or_contradicts_is_a_fault(
    tmp_path: Path, parameters: dict[str, Any], sections: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ConfigurationError, match=expected) as caught:
        _load(tmp_path, _values(parameters, **sections))
    assert str(caught.value).startswith("1 fault")


@pytest.mark.parametrize(
    ("parameters", "sections"),
    [
        ({"tensor_parallel_degree": 2}, {"parallel": {"tensor_parallel_degree": "2"}}),
        ({"shard_optimizer_state": True}, {"parallel": {"zero_stage": 3}}),
        ({"activation_checkpointing": True}, {"train": {"gradient_checkpointing": "selective"}}),
        ({"optimize": "memory"}, {"train": {"gradient_checkpointing": "selective"}}),
        ({"sdp_gradient_clipping": 1.0}, {"optimizer": {"max_gradient_norm": 1}}),
        ({"ddp": False, "tensor_parallel_degree": 2}, {"parallel": {"num_processes": "auto"}}),
        ({"microbatches": 4}, {"parallel": {"num_processes": 2, "micro_batch_size": 2}}),
        ({"bf16": True}, {"model": {"dtype": "auto"}}),
    ],
)
def test_settings_that_agree_stay(tmp_path: Path, parameters: dict[str, Any], sections: dict[str, Any]) -> None:
    config = _load(tmp_path, _values(parameters, **sections))
    for section, fields in sections.items():
        for name, value in fields.items():
            if value != "auto":
                assert str(getattr(getattr(config, section), name)) == str(
                    float(value) if name == "max_gradient_norm" else value
                )


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"placement_strategy": "spread"}, "placement_strategy spread has no effect"),
        ({"placement_strategy": "TPD"}, "placement_strategy TPD has no effect"),
        ({"pipeline": "interleaved", "active_microbatches": 2}, "pipeline, active_microbatches: there are no pipeline"),
        ({"sdp_hierarchical_allgather": True}, "sdp_hierarchical_allgather: DeepSpeed decides"),
        ({"allow_empty_shards": True}, "allow_empty_shards: DeepSpeed shards, not FSDP"),
        ({"prescaled_batch": False}, "prescaled_batch false has no effect"),
        ({"sharded_data_parallel_degree": 2}, "shards over all data-parallel processes"),
        ({"hybrid_shard_degree": 0}, "hybrid_shard_degree 0: the library would choose the largest degree, and ZeRO-3"),
        ({"optimize": "memory", "activation_checkpointing": False}, "optimize memory has no effect"),
    ],
)
def test_what_has_no_effect_is_logged(
    tmp_path: Path, parameters: dict[str, Any], expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    _load(tmp_path, _values(parameters))
    assert [record.levelno for record in caplog.records if expected in record.getMessage()] == [logging.WARNING]


def test_a_preset_for_memory_beside_checkpointing_off_is_warned_of() -> None:
    def warned(parameters: dict[str, Any], mode: str) -> list[str]:
        return map_distribution(_values(parameters, train={"gradient_checkpointing": mode})).warnings

    (warning,) = warned({"optimize": "memory"}, "off")
    assert "optimize memory has no effect, because train.gradient_checkpointing is set to off" in warning
    assert warned({"optimize": "memory"}, "full") == []
    assert warned({"optimize": "speed"}, "off") == []


@pytest.mark.parametrize(
    ("parameters", "recipe"),
    [
        ({"activation_checkpointing": False}, "qwen2.5-7b-lora"),
        ({"tensor_parallel_degree": 4}, "qwen2.5-7b-tp2"),
        ({"shard_optimizer_state": False, "random_seed": 1}, "qwen2.5-7b-zero3-offload"),
        ({"ddp": False}, "demo"),
        ({"ddp": False, "tensor_parallel_degree": 2}, "demo"),
    ],
)
def test_what_a_recipe_contradicts_can_be_set_as_the_message_says(parameters: dict[str, Any], recipe: str) -> None:
    overrides = [f"distribution={json.dumps(_values(parameters)['distribution'])}"]
    if recipe == "qwen2.5-7b-zero3-offload":
        overrides += ["parallel.offload_optimizer=none", "parallel.offload_parameters=none"]
    for _ in range(2):
        try:
            load_config(recipe, overrides)
        except ConfigurationError as error:
            overrides.append(re.findall(r"set (\S+=\S+) too", str(error))[0])
    load_config(recipe, overrides)


def test_what_the_sections_themselves_contradict_has_to_be_removed() -> None:
    mapped = map_distribution(_values({"fp16": True, "bf16": True}))
    assert "remove one of them" in mapped.faults[0]


@pytest.mark.parametrize("strategy", ["cluster", "DPT", "PDT", "DTP"])
def test_the_only_layout_is_not_warned_of(strategy: str) -> None:
    mapped = map_distribution(_values({"placement_strategy": strategy, "prescaled_batch": True, "ddp": True}))
    assert mapped.warnings == []


def test_what_is_not_enabled_is_ignored_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    values = _values(ARTICLE)
    values["distribution"]["smdistributed"]["modelparallel"]["enabled"] = False
    assert _load(tmp_path, values) == RunConfig()
    assert "smdistributed.modelparallel is not enabled" in caplog.text


def test_how_the_sdk_starts_processes_is_mapped_too(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    values = {"distribution": {"mpi": {"processes_per_host": 4, "custom_mpi_options": "--verbose"}}}
    assert _load(tmp_path, values).parallel.num_processes == 4
    assert "custom_mpi_options has no effect" in caplog.text
    assert _load(tmp_path, {"distribution": {"torch_distributed": {"enabled": True}}}) == RunConfig()


def test_faults_of_the_sections_are_reported_with_all_others(tmp_path: Path) -> None:
    values = _values({"partitions": 2, "horovod": True}, adapter={"r": "many"})
    with pytest.raises(ConfigurationError, match="3 faults"):
        _load(tmp_path, values)


@pytest.mark.parametrize("odd", [None, 3, "text", [1], {"parallel": 3}, {"parallel": None}])
def test_odd_values_are_faults_not_crashes(tmp_path: Path, odd: Any) -> None:
    values = _values({"tensor_parallel_degree": 2, "microbatches": 2, "ddp": False, "shard_optimizer_state": True})
    for section in ("parallel", "train"):
        path = tmp_path / f"{section}.yaml"
        path.write_text(yaml.safe_dump(values | {section: odd}), encoding="utf-8")
        try:
            load_config(str(path))
        except ConfigurationError as error:
            assert "fault" in str(error)
    with pytest.raises(ConfigurationError):
        _load(tmp_path, {"distribution": odd} if odd is not None else {"distribution": {"mpi": None}})


@pytest.mark.parametrize("processes", [[2], {"a": 1}, "two", -1])
def test_odd_numbers_of_processes_are_faults_not_crashes(tmp_path: Path, processes: Any) -> None:
    values = _values({"microbatches": 2, "ddp": False}, parallel={"num_processes": processes})
    with pytest.raises(ConfigurationError, match=r"parallel\.num_processes"):
        _load(tmp_path, values)


def test_the_given_settings_are_not_changed() -> None:
    values = _values(ARTICLE, parallel={"num_processes": 2})
    before = deepcopy(values)
    mapped = map_distribution(values)
    assert values == before
    assert "distribution" not in mapped.values


def test_every_parameter_says_what_becomes_of_it() -> None:
    for name, field in ModelParallelParameters.model_fields.items():
        assert field.description, name
