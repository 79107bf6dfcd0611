"""The run configuration: schema, YAML with overrides, shipped recipes."""

from legaltune.config.loading import dump_yaml, load_config, recipe_names
from legaltune.config.schema import RunConfig

__all__ = ["RunConfig", "dump_yaml", "load_config", "recipe_names"]
