"""What was received, for whoever records it."""

from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
import pytest

from rtemotion.signal import ReceivedChunk
from rtemotion.sources.lsl import LSLSource

from .lsl_senders import Start, chunks, collect, senders


@pytest.fixture
def send() -> Iterator[Start]:
    with senders() as start:
        yield start


@pytest.mark.parametrize("kind", ["float32", "double64", "int16", "int32"])
def test_values_are_the_senders_own_numbers(send: Start, kind: str) -> None:
    source_id, _ = send(format=kind)
    source = LSLSource(f"source_id={source_id}")
    try:
        got = chunks(collect(source, 0.3))
    finally:
        source.close()
    expected = {"float32": "f4", "double64": "f8", "int16": "i2", "int32": "i4"}[kind]
    for chunk in got:
        assert isinstance(chunk, ReceivedChunk)
        assert chunk.values.dtype == np.dtype(expected)
        assert (chunk.values[:, 1] == 10).all()
        assert not chunk.values.flags.writeable
        np.testing.assert_array_equal(chunk.data, chunk.values.astype(float) * 1e-6)
    assert len(got) > 5


def test_the_senders_document_is_at_hand(send: Start) -> None:
    source_id, _ = send(reference="Cz")
    source = LSLSource(f"source_id={source_id}")
    try:
        document = ElementTree.fromstring(source.xml)
    finally:
        source.close()
    assert document.findtext("source_id") == source_id
    assert document.findtext("nominal_srate") == "250.0000000000000"
    assert document.findtext("channel_format") == "double64"
    assert document.findtext("desc/reference/label") == "Cz"
    labels = [node.text for node in document.findall("desc/channels/channel/label")]
    assert labels == ["Cz", "Pz", "Oz"]
