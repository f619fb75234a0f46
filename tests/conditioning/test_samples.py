"""Samples checked and filtered one by one, and cut afterwards."""

from __future__ import annotations

import numpy as np

from rtemotion.conditioning import ConditioningDesign
from rtemotion.conditioning.quality import names_of
from rtemotion.conditioning.samples import Samples, SampleStep
from rtemotion.signal import Flag, FloatArray, identical

from .signals import SFREQ, eeg


def samples_of(data: FloatArray) -> Samples:
    step = SampleStep(ConditioningDesign(), SFREQ, data.shape[1])
    return step.process(data, np.zeros(data.shape, np.uint8))


def test_good_samples_are_clear_and_have_no_cause() -> None:
    samples = samples_of(eeg(300, 3))
    assert samples.clear
    assert not samples.flags.any()
    assert not samples.causes(slice(0, 300)).any()


def test_every_cause_is_named_where_it_is_and_nowhere_else() -> None:
    data = eeg(900, 3)
    data[400, 1] = np.nan
    data[600:602, 2] += 5e-3
    samples = samples_of(data)
    assert not samples.clear
    assert not samples.causes(slice(0, 400)).any()
    nan, jump = (samples.causes(slice(*rows)) for rows in ((400, 410), (600, 610)))
    assert set(names_of(int(nan[1]))) == {"missing", "settling"}
    assert set(names_of(int(jump[2]))) >= {"too large"}
    assert not nan[[0, 2]].any()
    assert (samples.flags[samples.large] & Flag.BAD).all()


def test_a_part_is_what_these_samples_alone_would_have_been() -> None:
    data = eeg(600, 3)
    data[300, 1] = np.nan
    samples = samples_of(data)
    assert samples.part(0, 600) is samples
    assert samples.part(0, 300).clear
    assert identical(samples.part(0, 310), samples_of(data[:310]))
