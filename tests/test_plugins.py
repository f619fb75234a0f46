import pytest

from rtemotion import plugins
from rtemotion.errors import SetupError


@pytest.mark.parametrize("kind", ["sources", "measures", "outlets", "decoders"])
def test_everything_that_is_declared_can_be_loaded(kind: plugins.Kind) -> None:
    names = plugins.available(kind)
    assert names
    found = [plugins.load(kind, name) for name in names]
    if kind == "measures":
        assert [measure.name for measure in found] == list(names)
    else:
        assert all(map(callable, found))


def test_a_name_nobody_offers_is_refused_with_those_there_are() -> None:
    with pytest.raises(SetupError, match=r"'nirs' among the sources; there are: .*lsl, memory"):
        plugins.load("sources", "nirs")
