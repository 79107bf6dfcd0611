from __future__ import annotations

import pytest

from legaltune.config.schema import TaskName
from legaltune.corpus.document import DocumentError, DropReason, ReadyMade
from legaltune.corpus.tasks import ready_made_example

TURNS = (("user", "Haftet er?"), ("assistant", "Ja."))


def test_the_messages_stay_as_they_are_and_nothing_may_be_cut() -> None:
    messages = (("system", "Du hilfst."), *TURNS, *TURNS)
    example = ready_made_example(ReadyMade("r1", "jsonl", messages, language="de"))
    assert [(message.role, message.content) for message in example.messages] == list(messages)
    assert (example.example_id, example.task, example.document_chars) == ("jsonl/r1/ready_made", TaskName.READY_MADE, 0)


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (("system", "Du hilfst."),),
        (("user", "Haftet er?"),),
        (("assistant", "Ja."), ("user", "Haftet er?")),
        (*TURNS, ("user", "Und die Kosten?")),
        (("user", "Haftet er?"), *TURNS),
        (*TURNS, ("system", "Du hilfst."), *TURNS),
        (("user", "Haftet er?"), ("tool", "Ja.")),
        (("user", "Haftet er?"), ("assistant", "  ")),
    ],
)
def test_what_is_no_dialogue_is_refused(messages: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(DocumentError) as caught:
        ready_made_example(ReadyMade("r1", "jsonl", messages))
    assert caught.value.reason is DropReason.INVALID_EXAMPLE
