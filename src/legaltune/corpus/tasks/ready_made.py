"""Ready-made examples: the chat that a user brings along, as it is."""

from __future__ import annotations

from typing import cast

from legaltune.config.schema import TaskName
from legaltune.corpus.document import DocumentError, DropReason, ReadyMade
from legaltune.corpus.example import Example, Message, Role


def ready_made_example(document: ReadyMade) -> Example:
    """The example that a record holds; nothing of it may be cut.

    Raises:
        DocumentError: Its turns are no dialogue that ends with an answer.
    """
    roles = [role for role, _ in document.messages]
    turns = roles[1:] if roles[:1] == ["system"] else roles
    if not turns or turns != ["user", "assistant"] * (len(turns) // 2):
        raise DocumentError(
            DropReason.INVALID_EXAMPLE,
            f"the roles are {', '.join(roles) or 'none'}: they must be user and assistant in turn, "
            "behind a system message if there is one",
        )
    if empty := [role for role, content in document.messages if not content.strip()]:
        raise DocumentError(DropReason.INVALID_EXAMPLE, f"a message of the role {empty[0]} is empty")
    return Example(
        example_id=f"{document.source}/{document.document_id}/{TaskName.READY_MADE.value}",
        task=TaskName.READY_MADE,
        document_id=document.document_id,
        source=document.source,
        language=document.language,
        messages=tuple(Message(cast(Role, role), content) for role, content in document.messages),
        document_chars=0,
    )
