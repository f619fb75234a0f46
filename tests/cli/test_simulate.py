"""`simulate`, as its users call it."""

import re
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from rtemotion.cli.app import app
from rtemotion.cli.simulate import Simulation, make_brain
from rtemotion.errors import SetupError
from rtemotion.simulators import Artifacts, Brain, Faults, Story, Subject
from rtemotion.sources.xdf import XdfSource

AS_CALLED = Simulation(
    headset="epoc",
    montage=None,
    channels=(),
    sfreq=None,
    code="mix",
    subject=None,
    session=0,
    seed=1,
    rest=0.0,
    story=None,
    own=0.0,
    realistic=False,
    artifacts="",
    faults="",
)


def simulate(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["simulate", *arguments])


def make(**changes: object) -> Brain:
    return make_brain(Simulation(**(vars(AS_CALLED) | changes)))  # type: ignore[arg-type]


def test_the_defaults_are_the_brain_they_have_always_been() -> None:
    ours, _ = make().read(300)
    expected, _ = Brain(Subject.draw(1), "epoc", seed=1).read(300)
    np.testing.assert_array_equal(ours.data, expected.data)


def test_subject_session_and_story_reach_the_brain() -> None:
    brain = make(subject=4, session=2, seed=3, story=5, own=0.3, code="eyes")
    person = Subject.draw(4).in_session(2)
    told = Story(5, (4, 2, 3), 0.3)
    expected = Brain(person, "epoc", "eyes", 3, trajectories=told)
    for got, wanted in zip(brain.read(400), expected.read(400), strict=True):
        np.testing.assert_array_equal(getattr(got, "data", got), getattr(wanted, "data", wanted))


def test_realistic_means_the_person_and_the_artifacts() -> None:
    ours, _ = make(realistic=True, artifacts="dead=1").read(300)
    person = Subject.draw(1, realistic=True)
    every = replace(Artifacts.realistic(), dead=1)
    expected, _ = Brain(person, "epoc", seed=1, artifacts=every).read(300)
    np.testing.assert_array_equal(ours.data, expected.data)


@pytest.mark.parametrize(
    ("changes", "channels", "rate"),
    [
        ({"headset": None}, 32, 250.0),
        ({"headset": "net128", "sfreq": 500.0}, 128, 500.0),
        ({"headset": None, "montage": "biosemi16"}, 16, 250.0),
        ({"headset": "epoc", "montage": "biosemi64"}, 14, 128.0),
        ({"headset": "cap32", "channels": ("Cz", "Oz")}, 2, 250.0),
        ({"headset": None, "montage": "GSN-HydroCel-64_1.0", "channels": ("E1", "E9")}, 2, 250.0),
    ],
)
def test_headset_montage_and_channels_go_together(
    changes: dict[str, object], channels: int, rate: float
) -> None:
    info = make(**changes).info
    assert (info.n_channels, info.sfreq) == (channels, rate)
    assert info.has_position.all()


def test_help_names_every_artifact_and_fault_with_its_unit() -> None:
    # Words are broken at hyphens where a line ends.
    text = re.sub(r"-\s+", "-", simulate("--help").output)
    for amounts in (Artifacts(), Faults()):
        for each in fields(amounts):
            assert re.search(rf"\b{each.metadata['key']}\b", text), each.name
    for unit in ("µV", "Hz", "nV/√Hz", "ms", "ppm", "a minute"):
        assert unit in text


def test_a_file_is_written_faster_than_it_could_be_sent_and_can_be_replayed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "sim.xdf"
    options = ("--headset", "muse", "--seconds", "20", "--out", str(path))
    done = simulate(*options, "--artifacts", "realistic,dead=1", "--faults", "loss=0.05")
    assert done.exit_code == 0, done.output
    assert re.fullmatch(r"wrote 20 s \(\d+ kB\) to .*sim\.xdf\n", done.output)
    source = XdfSource(path)
    assert source.info.simulated
    assert 0.9 < source.n_samples / (20 * 256) < 0.99
    again = simulate(*options)
    assert "already exists" in str(again.exception)
    assert simulate(*options, "--overwrite", "--name", "other").exit_code == 0
    assert XdfSource(path).info.name == "other"


def test_a_file_needs_an_end_and_faults_must_be_understood(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="--seconds"):
        raise simulate("--out", str(tmp_path / "a.xdf")).exception or AssertionError
    with pytest.raises(SetupError, match=r"jitter \(ms\)"):
        raise simulate("--faults", "jiter=3", "--seconds", "1").exception or AssertionError
    assert list(tmp_path.iterdir()) == []


def test_it_publishes_with_faults_and_ends_when_time_is_up() -> None:
    name = f"test-{uuid.uuid4()}"
    done = simulate(
        *("--headset", "muse", "--seconds", "0.5", "--source-id", name),
        *("--faults", "loss=0.1,reconnects=60,away=0.1", "--code", "muscle"),
    )
    assert done.exit_code == 0, done.output
    assert "published 128 samples" in done.output
    # The rest lasts 75 s from the first sample sent, of which some are over when one listens.
    assert f"rtemotion live --stream source_id={name} --baseline 0:70\n" in done.output


def test_a_rest_too_short_for_a_baseline_is_not_offered_as_one() -> None:
    done = simulate("--headset", "muse", "--seconds", "0.1", "--rest", "64")
    assert done.exit_code == 0, done.output
    assert "--baseline" not in done.output


def test_a_share_of_ones_own_needs_a_story() -> None:
    with pytest.raises(SetupError, match="add --story NUMBER or leave --own out"):
        make(own=0.3)
    assert make(own=0.3, story=1).read(1)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_a_file_cut_short_says_how_much_of_it_there_is(tmp_path: Path) -> None:
    path = tmp_path / "sim.xdf"
    command = [sys.executable, "-m", "rtemotion", "simulate", "--headset", "muse"]
    writing = subprocess.Popen(
        [*command, "--seconds", "100000", "--out", str(path)], stdout=subprocess.PIPE, text=True
    )
    with writing:
        while writing.poll() is None and not (path.exists() and path.stat().st_size > 20_000):
            time.sleep(0.02)
        writing.send_signal(signal.SIGINT)
        told, _ = writing.communicate(timeout=30)
    found = re.fullmatch(
        r"wrote (\d+) s of the 100000 s asked for, interrupted \(.*\) to .*\n", told
    )
    assert writing.returncode == 0
    assert found
    assert XdfSource(path).n_samples == 256 * int(found[1])
