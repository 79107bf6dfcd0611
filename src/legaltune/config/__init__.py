"""The run configuration: schema, YAML with overrides, shipped recipes."""

from legaltune.config.loading import config_hash, dump_yaml, load_config, recipe_names
from legaltune.config.schema import RunConfig

__all__ = ["RunConfig", "config_hash", "dump_yaml", "load_config", "recipe_names"]
