from __future__ import annotations

from collections import Counter

from legaltune.corpus.split import assign_split


def assign(name: str, seed: int = 0) -> str:
    return assign_split(name, seed=seed, validation=0.1, test=0.2)


def test_shares_are_as_configured() -> None:
    counts = Counter(assign(f"JURE{n}") for n in range(5000))
    assert abs(counts["test"] / 5000 - 0.2) < 0.02
    assert abs(counts["validation"] / 5000 - 0.1) < 0.02


def test_the_split_of_a_group_depends_on_nothing_but_name_and_seed() -> None:
    names = [f"KORE{n}" for n in range(200)]
    assert [assign(name) for name in names] == [assign(name) for name in names]
    assert [assign(name) for name in names] != [assign(name, seed=1) for name in names]


def test_a_larger_validation_share_moves_nothing_out_of_test() -> None:
    names = [f"KORE{n}" for n in range(500)]
    grown = {name: assign_split(name, seed=0, validation=0.3, test=0.2) for name in names}
    assert all(grown[name] == "test" for name in names if assign(name) == "test")
    assert all(grown[name] == "validation" for name in names if assign(name) == "validation")


def test_everything_is_for_training_where_nothing_is_held_out() -> None:
    assert {assign_split(str(n), seed=0, validation=0, test=0) for n in range(100)} == {"train"}
