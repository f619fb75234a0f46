"""Messages: what was sent is what is read, and what cannot be handed on is refused."""

from __future__ import annotations

import json
import math

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rtemotion.errors import ServiceError
from rtemotion.service.messages import from_text, pack, read_request, to_text, unpack

WHOLE = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | WHOLE | TEXT | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(TEXT, PLAIN, max_size=4))
def test_what_a_client_says_is_read_as_it_was_meant_in_both_ways(said: dict[str, object]) -> None:
    message = {"with": said, "type": "request"}
    assert read_request(msgpack.packb(message)) == message
    assert read_request(json.dumps(message)) == message


@given(
    hnp.arrays(
        st.sampled_from(["<f4", "<f8", "<i8", "|u1", "|b1"]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
)
def test_arrays_keep_values_shape_and_type(array: np.ndarray) -> None:
    read = unpack(pack({"type": "x", "data": array}))["data"]
    assert (read.dtype, read.shape) == (array.dtype, array.shape)
    assert read.tobytes() == array.tobytes()


@given(hnp.arrays("<f8", hnp.array_shapes(max_dims=2, max_side=4)))
def test_arrays_are_lists_in_json_and_what_is_not_finite_is_null(array: np.ndarray) -> None:
    rows = np.array(from_text(to_text({"type": "x", "data": array}))["data"], dtype=float)
    np.testing.assert_array_equal(rows, np.where(np.isfinite(array), array, np.nan))


@pytest.mark.parametrize("shape", [(3000, 8), (3, 9000), (2, 3, 4000), (5000, 1)])
def test_large_arrays_are_the_same_in_json(shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape), dtype=float).reshape(shape)
    array[0, 0] = np.nan
    read = json.loads(to_text({"type": "x", "data": array}))["data"]
    np.testing.assert_array_equal(np.array(read, dtype=float), array)


def test_single_numbers_that_are_not_finite_are_null_in_json() -> None:
    message = {
        "type": "x",
        "a": math.nan,
        "b": [math.inf, (1.5, np.float32(2.0))],
        "c": {"d": -0.0},
    }
    assert from_text(to_text(message)) == {
        "type": "x",
        "a": None,
        "b": [None, [1.5, 2.0]],
        "c": {"d": 0.0},
    }


def test_a_payload_that_looks_like_an_array_is_left_as_it_is() -> None:
    said = {"type": "event", "payload": {"dtype": "<f8", "shape": [2], "data": "none"}}
    assert unpack(pack(said)) == said


def nested(depth: int) -> dict[str, object]:
    value: dict[str, object] = {}
    for _ in range(depth):
        value = {"with": value}
    return {"type": "request"} | value


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "msgpack"),
        (b"\xc1", "msgpack"),
        (msgpack.packb({"type": "request"}) + b"x", "msgpack"),
        (msgpack.packb([1]), "mapping"),
        (msgpack.packb({"type": 3}), "'type'"),
        (msgpack.packb({"type": "x", "a": b"bytes"}), "bytes"),
        (msgpack.packb({"type": "x", "a": {b"k": 1}}), "keys are texts"),
        (msgpack.packb({"type": "x", "a": {1: 1}}), "msgpack"),
        (msgpack.packb({"type": "x", "a": math.nan}), "finite"),
        (msgpack.packb({"type": "x", "a": msgpack.Timestamp(1)}), "Timestamp"),
        (msgpack.packb({"type": "x", "a": msgpack.ExtType(4, b"")}), "ExtType"),
        (msgpack.packb({"type": "x", "a": 2**64 - 1}), "64 bits"),
        (b"\x81" * 2000, "msgpack"),
        ("", "JSON"),
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("null", "mapping"),
        ('{"type": "x", "a": NaN}', "finite"),
        ('{"type": "x", "a": -Infinity}', "finite"),
        ('{"type": "x", "a": 1e999}', "finite"),
        ('{"type": "x", "a": "\\ud800"}', "surrogate"),
        ('{"type": "x", "\\udfff": 1}', "surrogate"),
        ('{"type": "x", "a": ' + "9" * 40 + "}", "64 bits"),
        ('{"type": "x", "a": ' + "9" * 5000 + "}", "JSON"),
        (json.dumps(nested(40)), "nested"),
        (msgpack.packb(nested(40)), "nested"),
    ],
)
def test_whatever_cannot_be_handed_on_is_refused_with_a_sentence(
    content: bytes | str, says: str
) -> None:
    with pytest.raises(ServiceError, match=says) as refused:
        read_request(content)
    assert len(str(refused.value)) < 300


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_noise_is_refused_and_never_anything_else(content: bytes | str) -> None:
    try:
        message = read_request(content)
    except ServiceError:
        return
    assert isinstance(message["type"], str)
