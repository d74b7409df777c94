import unicodedata

import numpy as np

from symmcore.data.sources.natural_order import natural_key

ORDERED = ["", "1", "2", "02b", "10", "a", "B", "b2", "b10", "b10a", "b010b", "c", "\u00e9",
           "\u05d0", "\U0001f600"]  # fmt: skip


def test_numbers_by_value_letters_without_case() -> None:
    shuffled = np.random.default_rng(0).permutation(ORDERED).tolist()
    assert sorted(shuffled, key=natural_key) == ORDERED


def test_both_unicode_forms_of_a_name_come_together() -> None:
    composed, decomposed = (
        unicodedata.normalize(form, "\u00e9t\u00e9 2") for form in ("NFC", "NFD")
    )
    assert composed != decomposed
    names = ["zoo", decomposed, "eta", composed, "\u00e9t\u00e9 10"]
    in_order = sorted(names, key=natural_key)
    assert abs(in_order.index(composed) - in_order.index(decomposed)) == 1
    assert in_order.index("\u00e9t\u00e9 10") > in_order.index(composed)


def test_the_order_never_depends_on_the_order_before() -> None:
    names = ["a1", "A1", "a01", "A01", "a001"]
    orders = {
        tuple(sorted(np.random.default_rng(seed).permutation(names).tolist(), key=natural_key))
        for seed in range(20)
    }
    assert len(orders) == 1


def test_digits_of_any_script_and_number() -> None:
    names = ["\u0662", "\u00b2", "9" * 250, "\u2167"]
    assert sorted(sorted(names, key=natural_key)) == sorted(names)
