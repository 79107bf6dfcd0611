"""Reads a configuration: recipe or file, then overrides; all faults are reported at once."""

from __future__ import annotations

import logging
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from legaltune.config.checks import contradictions
from legaltune.config.faults import faults_by_path
from legaltune.config.schema import RunConfig
from legaltune.config.smdistributed import map_distribution
from legaltune.errors import ConfigurationError, InputMissingError

logger = logging.getLogger(__name__)

_RECIPES = resources.files("legaltune.config") / "recipes"
_BOOL, _FLOAT = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:float"


def recipe_names() -> list[str]:
    """Names of the recipes that ship with the package, sorted."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _RECIPES.iterdir() if entry.name.endswith(".yaml"))


def load_config(source: str | None, overrides: Sequence[str] = ()) -> RunConfig:
    """Load a run configuration; SageMaker's `distribution` settings are mapped and logged (see `smdistributed`).

    Args:
        source: Name of a recipe, or path of a YAML file; None for the defaults alone.
        overrides: Settings of the form `adapter.r=16`; later ones win. The value is read as YAML.

    Returns:
        The validated configuration.

    Raises:
        ConfigurationError: Unknown keys, wrong types, values out of range and contradictions, all in one message.
        InputMissingError: There is neither a recipe nor a file of that name.
    """
    values, faults = _parse_yaml(_read_source(source), source) if source else ({}, [])
    for override in overrides:
        faults.extend(_apply_override(values, override))
    mapped = map_distribution(values)
    config = _validate(mapped.values, [*faults, *mapped.faults])
    for path, value in mapped.settings.items():
        logger.info("from the distribution settings: %s=%s", path, value)
    for warning in mapped.warnings:
        logger.warning("%s", warning)
    return config


def dump_yaml(config: RunConfig) -> str:
    """The full configuration, defaults included, as YAML."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _read_source(source: str) -> str:
    if source in recipe_names():
        return (_RECIPES / f"{source}.yaml").read_text(encoding="utf-8")
    path = Path(source)
    if not path.is_file():
        raise InputMissingError(
            f"configuration {source!r} is neither a file nor a recipe: the recipes are {', '.join(recipe_names())}"
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{source} is not UTF-8 text: {error}; save it as UTF-8") from error


def _parse_yaml(text: str, source: str) -> tuple[dict[str, Any], list[str]]:
    try:
        values = yaml.load(text, Loader=_StrictLoader)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{source} is not valid YAML: {error}") from error
    if values is None:
        return {}, []
    if not isinstance(values, dict):
        return {}, [f"{source}: a mapping of sections is expected, found a {type(values).__name__}"]
    return values, []


class _StrictLoader(yaml.SafeLoader):
    """Refuses what YAML lets pass: a key that stands twice, a key that is no text.

    As in YAML 1.2, only true and false are truth values (`gradient_checkpointing: off` is a word), and 5e8 is a number.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is no text", node.start_mark)
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver(_FLOAT, re.compile(r"[-+]?\d+(?:\.\d*)?[eE][-+]?\d+$"), list("-+0123456789"))


def _apply_override(values: dict[str, Any], override: str) -> Iterator[str]:
    """Set one override in place; yield a fault where it cannot be set."""
    path, separator, text = override.partition("=")
    keys = path.strip().split(".")
    if not separator or not all(keys):
        yield f"override {override!r}: write it as section.field=value, for example adapter.r=16"
        return
    try:
        value = yaml.load(text, Loader=_StrictLoader)
    except yaml.YAMLError:
        yield f"override {override!r}: the value is not valid YAML"
        return
    target = values
    for key in keys[:-1]:
        if target.get(key) is None:
            target[key] = {}
        target = target[key]
        if not isinstance(target, dict):
            yield f"override {override!r}: {key} is a single value and has no fields"
            return
    target[keys[-1]] = value


def _validate(values: dict[str, Any], faults: list[str]) -> RunConfig:
    """Validate; where fields are at fault, the rest is still checked for contradictions."""
    try:
        config = RunConfig.model_validate(values)
        faulty_paths: list[tuple[str, ...]] = []
    except ValidationError as error:
        found = faults_by_path(error, RunConfig)
        faults.extend(found.values())
        faulty_paths = list(found)
        config = RunConfig.model_validate(_without(values, faulty_paths))
    faults.extend(
        f"{' / '.join(contradiction.paths)}: {contradiction.message}"
        for contradiction in contradictions(config)
        if not any(_covers(faulty, path) for faulty in faulty_paths for path in contradiction.paths)
    )
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise ConfigurationError(f"{count} in the configuration:\n" + "\n".join(f"  - {fault}" for fault in faults))
    return config


def _without(values: Mapping[str, Any], paths: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """Copy without the faulty settings, so that they take their defaults; an entry of a list removes the list."""
    kept: dict[str, Any] = {}
    for key, value in values.items():
        below = [path[1:] for path in paths if path[0] == str(key)]
        if not below:
            kept[key] = value
        elif isinstance(value, dict) and all(below):
            kept[key] = _without(value, below)
    return kept


def _covers(faulty: tuple[str, ...], path: str) -> bool:
    parts = tuple(path.split("."))
    return parts[: len(faulty)] == faulty or faulty[: len(parts)] == parts
