import pytest

from rtemotion.errors import SourceError
from rtemotion.sources.lsl import FoundStream, Query, parse_query

STREAM = FoundStream("Muse (1)", "EEG", "abc", "lab1", 5, 256.0)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        (None, Query(type="EEG")),
        ("", Query(type="EEG")),
        ("Muse (1)", Query(name="Muse (1)")),
        ("name=Muse (1),hostname=lab1", Query(name="Muse (1)", hostname="lab1")),
        (" type = eeg , source_id = abc ", Query(type="eeg", source_id="abc")),
    ],
)
def test_queries_that_match(text: str | None, query: Query) -> None:
    assert parse_query(text) == query
    assert query.matches(STREAM)


@pytest.mark.parametrize("text", ["Muse", "type=Markers", "source_id=ab", "hostname=LAB1"])
def test_queries_that_do_not_match(text: str) -> None:
    assert not parse_query(text).matches(STREAM)


@pytest.mark.parametrize("text", ["uid=1", "name=", "name=a,name=b", "name=a,b", "=x"])
def test_queries_that_are_not_understood(text: str) -> None:
    with pytest.raises(SourceError, match="expected KEY=VALUE"):
        parse_query(text)
