"""JSON that anybody may have written: what comes out can be used, or there is a `ValueError`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon import plain_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_plain_values_are_read_as_they_are(value: object) -> None:
    assert plain_json.loads(json.dumps(value)) == value
    assert plain_json.loads(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("NaN", "NaN"),
        ("[Infinity]", "Infinity"),
        ('{"a": -Infinity}', "Infinity"),
        ("1e999", "too large"),
        ("-1e999", "too large"),
        (str(2**63), "too large"),
        (str(-(2**63)), "too large"),
        ("9" * 100_000, "too large"),
        ('"\\ud800"', "half a character"),
        ('["a", {"\\uDFFF": 1}]', "half a character"),
        ('"\\udc80"', "half a character"),
        ("[" * 100_000, "nested"),
        ('{"a":' * 100_000, "nested"),
        (b"\xff", "utf-8"),
        ("", "Expecting"),
        ("1 2", "Extra"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str | bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        plain_json.loads(text)
    assert len(str(caught.value)) < 200


def test_what_stands_for_bytes_of_file_names_is_let_through_where_asked() -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert plain_json.loads(json.dumps([name]), file_names=True) == [name]
    with pytest.raises(ValueError, match="half"):
        plain_json.loads('"\\ud800"', file_names=True)


def test_a_mark_of_the_order_of_bytes_is_no_content() -> None:
    assert plain_json.loads(b"\xef\xbb\xbf[1]") == [1]


def test_numbers_that_are_none_are_gaps_where_asked() -> None:
    assert plain_json.loads("[NaN, Infinity, -Infinity, 1.5]", gaps=True) == [None, None, None, 1.5]
    with pytest.raises(ValueError, match="too large"):
        plain_json.loads("1e999", gaps=True)
