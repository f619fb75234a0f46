"""What the network is given under each policy of normalisation."""

from dataclasses import replace

import numpy as np
import pytest

from rtemotion.decoding import Baseline, BaselineSpan, Model
from rtemotion.decoding.context import ContextPolicy
from rtemotion.decoding.inputs import InputBuilder
from rtemotion.person import from_rest, to_rest
from rtemotion.signal import FeatureFrame, StreamInfo, identical
from rtemotion.simulators import get_headset

SFREQ, HOP = 250.0, 62
N = 4
PAIRS = np.stack(np.triu_indices(N, k=1), axis=1)
POLICY = ContextPolicy(tau_s=60.0, minimum_s=5.0, every_s=5.0)


def info() -> StreamInfo:
    headset = get_headset("muse")
    return StreamInfo(channels=headset.channels, sfreq=SFREQ, positions=headset.positions())


def frame(second: float, level: float) -> FeatureFrame:
    return FeatureFrame(
        # Four hops of 62 samples are what passes for a second at 250 Hz.
        index=round(second) * 4 * HOP,
        time=second,
        newest=second,
        power=np.full((5, N), np.exp(level)),
        connectivity=np.full((2, 4, len(PAIRS)), 0.1 * level),
        pairs=PAIRS,
        quality=np.ones(N),
        segments=np.full((5, N), 100),
        full=True,
    )


def builder(
    model: Model,
    policy: str,
    context: ContextPolicy | None = None,
    baseline: Baseline | None = None,
    span: BaselineSpan | None = None,
) -> InputBuilder:
    card = model.card
    normalisation = replace(card.normalisation, policy=policy, adaptive_tau_s=300.0)
    return InputBuilder(info(), card.features, normalisation, baseline, span, context)


def known(level: float) -> Baseline:
    return Baseline(np.full((5, N), level), np.full((2, 4, len(PAIRS)), 0.1 * level), 240)


def levels(inputs: InputBuilder, now: FeatureFrame) -> float:
    """Return the power the network is given, the same everywhere here."""
    power, _, _ = inputs.values(now, np.ones(N, dtype=bool))
    assert np.ptp(power, axis=1).max() < 1e-9
    return float(power[0, 0])


def test_no_policy_leaves_everything_against_the_population(model: Model) -> None:
    inputs = builder(model, "none", baseline=known(3.0))
    population = model.card.normalisation.population.log_power[0]
    assert inputs.ready
    assert levels(inputs, frame(1, 3.0)) == pytest.approx(3.0 - population)


def test_a_baseline_is_frozen(model: Model) -> None:
    inputs = builder(model, "baseline", span=BaselineSpan(0.0, 60.0))
    changes = []
    for second in range(1, 200):
        changes.append(inputs.follow(frame(second, 2.0 if second <= 60 else 5.0)))
        if second == 59:
            assert not inputs.ready
    assert sum(changes) == 1
    assert changes.index(True) == 60
    assert levels(inputs, frame(200, 5.0)) == pytest.approx(3.0)


def test_an_adaptive_reference_comes_in_once_and_then_follows(model: Model) -> None:
    inputs = builder(model, "adaptive")
    changes = [inputs.follow(frame(second, 2.0)) for second in range(1, 100)]
    assert sum(changes) == 1
    assert inputs.ready
    assert levels(inputs, frame(100, 2.0)) == pytest.approx(0.0, abs=1e-9)
    distances = []
    for second in range(100, 1600):
        assert not inputs.follow(frame(second, 4.0))
        distances.append(levels(inputs, frame(second, 4.0)))
    assert distances == sorted(distances, reverse=True)
    assert 1.5 < distances[0] < 2.0
    assert distances[-1] < 0.05


def test_the_model_waits_for_a_slow_context_too(model: Model) -> None:
    inputs = builder(model, "baseline", POLICY, baseline=known(2.0))
    for second in range(1, 6):
        assert not inputs.ready
        power, edges, context = inputs.values(frame(second, 3.0), np.ones(N, dtype=bool))
        assert not context[5:].any()
        assert inputs.each_second(frame(second, 3.0))
        inputs.learn(power, edges)
    assert inputs.ready
    _, _, context = inputs.values(frame(6, 3.0), np.ones(N, dtype=bool))
    np.testing.assert_allclose(context[5:10], 1.0)


def test_what_is_masked_has_no_context(model: Model) -> None:
    inputs = builder(model, "baseline", POLICY, baseline=known(2.0))
    mask = np.array([True, True, False, True])
    for second in range(1, 6):
        inputs.learn(*inputs.values(frame(second, 3.0), mask)[:2])
    _, _, context = inputs.values(frame(6, 3.0), mask)
    assert not context[:, 2].any()
    assert context[5:, 0].any()


@pytest.mark.parametrize("policy", ["baseline", "adaptive"])
def test_what_is_known_of_a_person_can_be_kept_and_gone_on_with(model: Model, policy: str) -> None:
    whole = builder(model, policy, POLICY, baseline=known(2.0))
    for second in range(1, 70):
        whole.follow(frame(second, 3.0))
        whole.learn(*whole.values(frame(second, 3.0), np.ones(N, dtype=bool))[:2])
    kept = whole.known
    assert kept is not None
    text = to_rest(kept).model_dump_json()
    again = from_rest(type(to_rest(kept)).model_validate_json(text))
    assert identical(again, kept)
    on = builder(model, policy, POLICY, baseline=again)
    assert on.ready
    for second in range(70, 90):
        values = []
        for each in (whole, on):
            each.follow(frame(second, 1.0))
            values.append(each.values(frame(second, 1.0), np.ones(N, dtype=bool)))
            each.learn(*values[-1][:2])
        for a, b, within in zip(*values, (1e-9, 1e-9, 0.05), strict=True):
            # A running reference moves on between two renewals of the context.
            np.testing.assert_allclose(a, b, atol=within)


def test_a_new_baseline_starts_a_new_context(model: Model) -> None:
    inputs = builder(model, "baseline", POLICY, baseline=known(2.0), span=BaselineSpan(0.0, 60.0))
    for second in range(1, 11):
        inputs.learn(*inputs.values(frame(second, 3.0), np.ones(N, dtype=bool))[:2])
    assert inputs.ready
    for second in range(1, 62):
        inputs.follow(frame(second, 3.0))
    assert not inputs.ready
