from __future__ import annotations

import pytest

from edge.plural import plural


@pytest.mark.parametrize(("number", "said"), [(0, "0 fields"), (1, "1 field"), (2, "2 fields"), (2310, "2310 fields")])
def test_one_field_is_no_fields(number: int, said: str) -> None:
    assert plural(number, "field") == said


def test_a_plural_of_its_own() -> None:
    assert plural(2, "was", "were") == "2 were"
