"""What is known of a person: kept to the bit, noted in a session, gone on with from its middle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtemotion import Engine
from rtemotion.decoding import Baseline, Model
from rtemotion.decoding.context import ContextPolicy, ContextState
from rtemotion.outlets import recorder as recorder_module
from rtemotion.outlets.recorder import Recorder
from rtemotion.outlets.session_file import SessionFile
from rtemotion.person import from_rest, pack, to_rest, unpack
from rtemotion.session import Rest
from rtemotion.signal import EmotionFrame, Publication, Reason, identical
from rtemotion.sources.memory import MemorySource
from rtemotion.sources.session import SessionSource, known_at

from .helpers import known_person, simulated


def person(context: bool = True) -> Baseline:
    rng = np.random.default_rng(0)
    state = ContextState(
        seconds=70,
        weight=12.5,
        power=rng.standard_normal((5, 3)),
        squares=rng.random((5, 3)),
        connectivity=rng.standard_normal((2, 4, 3)),
        rows=rng.standard_normal((19, 3)),
    )
    power = rng.standard_normal((5, 3))
    power[2, 1] = np.nan
    edges = rng.standard_normal((2, 4, 3))
    return Baseline(power, edges, 240, state if context else None)


@pytest.mark.parametrize("context", [True, False])
def test_a_person_comes_back_from_a_session_file_to_the_bit(context: bool) -> None:
    known = person(context)
    assert identical(from_rest(Rest.model_validate_json(to_rest(known).model_dump_json())), known)


@pytest.mark.parametrize("context", [True, False])
def test_a_person_comes_back_from_a_note_to_the_bit(context: bool) -> None:
    import json

    known = person(context)
    assert identical(unpack(json.loads(json.dumps(pack(known)))), known)


def decoded(engine: Engine) -> list[EmotionFrame]:
    with engine:
        return [item.frame for item in engine if isinstance(item, Publication)]


def test_a_replay_from_the_middle_goes_on_with_what_was_known(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "PERSON_EVERY_S", 20.0)
    info, chunk = simulated("epoc", 70.0)
    n, rest = len(chunk), known_person(model, info)
    pieces = [chunk.cut(at, min(at + 100, n)) for at in range(0, n, 100)]
    path = tmp_path / "a.xdf"
    source = MemorySource(info, pieces)
    whole = decoded(
        Engine(source, model, baseline=rest, recorder=Recorder(SessionFile(path), source))
    )
    assert known_at(path, 19.0) is None
    found = known_at(path, 45.0)
    assert found is not None
    assert 40.0 <= found.sample / info.sfreq < 41.0
    middle = decoded(
        Engine(SessionSource(path, start=found.sample), model, baseline=unpack(found.said))
    )
    assert middle[0].index is not None
    assert middle[0].index > found.sample
    by_index = {frame.index: frame for frame in whole}
    settled = [
        f for f in middle if f.index is not None and f.index > found.sample + 25 * info.sfreq
    ]
    assert len(settled) > 10
    for frame in settled:
        assert Reason.NO_BASELINE not in frame.reasons
        # Windows begin elsewhere than they did in the whole session.
        nearest = min(by_index, key=lambda index: abs((index or 0) - (frame.index or 0)))
        np.testing.assert_allclose(frame.mean, by_index[nearest].mean, atol=0.05)


def test_a_policy_of_context_is_at_least_a_minute_slow_by_default() -> None:
    assert ContextPolicy().tau_s >= 60.0
    assert ContextPolicy().minimum_s >= 60.0
