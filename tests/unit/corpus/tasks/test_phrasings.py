from __future__ import annotations

from collections import Counter

import pytest

from legaltune.corpus.tasks.phrasings import Phrasings, choose, languages, load_phrasings
from legaltune.errors import ConfigurationError

WORDINGS = ("a", "b", "c", "d", "e", "f")


def test_every_language_is_complete() -> None:
    assert languages()
    for language in languages():
        phrasings = load_phrasings(language)
        for wordings in (phrasings.classification, phrasings.summarization, phrasings.case_analysis):
            assert len(set(wordings)) == len(wordings) >= 6


def test_a_language_without_prompts_is_refused_and_the_others_named() -> None:
    with pytest.raises(ConfigurationError, match=r"'xx'.*\bde\b"):
        load_phrasings("xx")


def test_a_language_cannot_lead_out_of_the_folder() -> None:
    with pytest.raises(ConfigurationError):
        load_phrasings("../prompts/de")


def test_an_unknown_key_in_a_data_file_is_refused() -> None:
    contents = load_phrasings("de").model_dump() | {"sumarization": WORDINGS}
    with pytest.raises(ValueError, match="sumarization"):
        Phrasings.model_validate(contents)


def test_a_wording_without_room_for_the_labels_is_refused() -> None:
    contents = load_phrasings("de").model_dump() | {"classification": WORDINGS}
    with pytest.raises(ValueError, match="classification"):
        Phrasings.model_validate(contents)


def test_the_choice_depends_on_every_part_of_the_key_alone() -> None:
    keys = [("0", "rii", f"D{number}") for number in range(600)]
    counts = Counter(choose(WORDINGS, *key) for key in keys)
    assert min(counts[wording] for wording in WORDINGS) > 60
    assert [choose(WORDINGS, *key) for key in keys] == [choose(WORDINGS, *key) for key in keys]
    assert [choose(WORDINGS, *key) for key in keys] != [choose(WORDINGS, "1", *key[1:]) for key in keys]


def test_the_choice_never_changes() -> None:
    assert [choose(WORDINGS, "0", "rii", f"D{number}") for number in range(8)] == CHOSEN


@pytest.mark.parametrize("limit", [1, 3, 99])
def test_only_the_first_wordings_are_used(limit: int) -> None:
    chosen = {choose(WORDINGS, str(number), limit=limit) for number in range(300)}
    assert chosen == set(WORDINGS[:limit])


CHOSEN = ["c", "d", "c", "d", "e", "e", "e", "b"]
