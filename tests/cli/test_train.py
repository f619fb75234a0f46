"""`rtemotion train` from the shell: data sets in, one model file out, honest exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from rtemotion.decoding import load_model

from ..models.datasets import made
from .test_entry import rtemotion

QUICK = ("--shifts", "0", "--parts", "power")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.bids(tmp_path_factory.mktemp("data") / "bids")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return rtemotion("train", *map(str, arguments))


def refused(code: int, said: str, *arguments: str | Path) -> None:
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert said in " ".join(done.stderr.split())


def rated(folder: Path, out: Path, cache: Path, *more: str) -> tuple[str | Path, ...]:
    targets = ("--targets", "valence:1:9,arousal:1:9")
    return (folder, *targets, "--out", out, "--cache", cache, *QUICK, *more)


def test_a_data_set_of_clips_becomes_a_model(clips: Path, cache: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.onnx"
    # The first clip comes before a slow mean would be known.
    plain = ("--normalisation", "none")
    done = run(*rated(clips, out, cache, "--protocol", "A", "--json", *plain))
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["people"] == 2
    assert said["evaluation"]["protocol"] == "A"
    assert said["reasons"] == "exact"
    assert set(said["targets"]) == {"valence", "arousal"}
    card = load_model(out).card
    assert card.name == "mine"
    assert card.target_names == ("valence", "arousal")
    assert (card.targets[0].low, card.targets[0].high) == (1.0, 9.0)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.onnx"]


def test_without_a_score_it_says_so(clips: Path, cache: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.onnx"
    arguments = rated(clips, out, cache, "--protocol", "none", "--name", "Clips")
    done = run(*arguments, "--estimator", "kernel-ridge", "--only", "arousal")
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert "no score: it was not evaluated" in said
    assert "reasons are approximate" in said
    assert "valence" not in said
    assert load_model(out).card.name == "Clips"


def test_ratings_of_a_session_follow_what_is_felt(tmp_path: Path) -> None:
    made.session(tmp_path / "sub-P1_ses-S1.xdf", seconds=260)
    out = tmp_path / "p1.onnx"
    arguments = (tmp_path, "--targets", "valence:0:1", "--out", out, "--cache", tmp_path / "c")
    done = run(*arguments, *QUICK, "--protocol", "none", "--lags", "0,2", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["targets"]["valence"]["lag_s"] in (0.0, 2.0)
    assert load_model(out).card.provenance["lags_s"]["valence"] in (0.0, 2.0)


def test_what_cannot_be_is_told_in_one_sentence_and_leaves_no_file(
    clips: Path, cache: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.onnx"
    refused(1, "at least 3 subjects and 3 stimuli", *rated(clips, out, cache, "--protocol", "B"))
    refused(1, "ends in .onnx", *rated(clips, tmp_path / "a.txt", cache))
    refused(
        1, "learns nothing without labels", *rated(clips, out, cache, "--pretrain", str(tmp_path))
    )
    refused(1, "does not exist", clips / "nowhere", "--out", out)
    assert not list(tmp_path.iterdir())
    out.write_bytes(b"mine")
    refused(1, "--overwrite", *rated(clips, out, cache))
    assert out.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--estimator", "magic", "is not mean, ridge"),
        ("--protocol", "F", "is not auto, A"),
        ("--lags", "0,soon", "is not seconds"),
        ("--lags", "-1", "no lag from 0 on"),
        ("--normalisation", "some", "is not adaptive"),
    ],
)
def test_wrong_usage_exits_2(option: str, value: str, said: str) -> None:
    refused(2, said, "folder", "--out", "a.onnx", option, value)
