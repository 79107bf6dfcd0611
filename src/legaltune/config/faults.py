"""Wording of what pydantic finds wrong with settings."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError


def faults_by_path(error: ValidationError, root: type[BaseModel]) -> dict[tuple[str, ...], str]:
    """One message for each faulty setting of a model, in the order of the error."""
    details_by_path = {_field_path(details["loc"], root): details for details in reversed(error.errors())}
    return {path: _describe(path, details, root) for path, details in reversed(details_by_path.items())}


def _field_path(location: Sequence[Any], root: type[BaseModel]) -> tuple[str, ...]:
    """Where a fault lies, down to the field or the entry of a list, without pydantic's names for members of a union."""
    path: list[str] = []
    section: type[BaseModel] | None = root
    for part in location:
        if section is None and not isinstance(part, int):
            break
        path.append(str(part))
        section = _section_at(section, str(part)) if section else None
    return tuple(path)


def _describe(path: tuple[str, ...], details: Mapping[str, Any], root: type[BaseModel]) -> str:
    if details["type"] == "extra_forbidden":
        known = _fields_at(path[:-1], root)
        close = difflib.get_close_matches(path[-1], known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
        return f"{'.'.join(path)}: unknown setting; {hint}"
    return f"{'.'.join(path)}: {details['msg']} (got {details['input']!r})"


def _fields_at(path: Sequence[str], root: type[BaseModel]) -> list[str]:
    section: type[BaseModel] | None = root
    for part in path:
        section = _section_at(section, part) if section else None
    return list(section.model_fields) if section else []


def _section_at(section: type[BaseModel], name: str) -> type[BaseModel] | None:
    field = section.model_fields.get(name)
    annotation = field.annotation if field else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
