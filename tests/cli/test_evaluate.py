"""`evaluate`: a verdict for people and programs, and refusals before hours of work."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from rtemotion.cli.evaluate_command import evaluate
from rtemotion.cli.once import warnings_once
from rtemotion.decoding import Model, load_model
from rtemotion.decoding.card_writing import with_card
from rtemotion.errors import RtemotionError
from rtemotion.models.datasets import open_dataset, parse_target
from rtemotion.models.datasets.opening import Wanted
from rtemotion.models.evaluation.provenance import said_of

from ..models.datasets.made import bids
from .test_entry import rtemotion

TARGETS = "valence:1:9,arousal:1:9"
# Clips of 20 s are too short for a slow mean to be known before the first.
NOTHING = ("--step", "3", "--normalisation", "none")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people with three rated clips of noise, and models that name what was rated."""
    place = tmp_path_factory.mktemp("evaluate")
    bids(place / "films")
    model = load_model()
    first, second, *rest = model.card.targets
    names = (replace(first, name="valence"), replace(second, name="arousal"), *rest)
    write(model, place / "rated.onnx", targets=names)
    wanted = Wanted(place / "films", targets=tuple(map(parse_target, TARGETS.split(","))))
    learnt = said_of(open_dataset(wanted))
    write(model, place / "learnt.onnx", targets=names, provenance=learnt)
    return place


def write(model: Model, path: Path, **changed: object) -> None:
    card = replace(model.card, **changed)  # type: ignore[arg-type]
    path.write_bytes(with_card(model.path.read_bytes(), card, str(path)))


def evaluated(place: Path, *arguments: str | Path) -> Result:
    films, cache = str(place / "films"), str(place / "cache")
    app = typer.Typer()
    app.command()(evaluate)
    start = [films, "--targets", TARGETS, "--cache", cache, *NOTHING]
    return CliRunner().invoke(app, [*start, *map(str, arguments)])


def test_noise_holds_nothing_and_the_report_says_so(place: Path) -> None:
    out = place / "out"
    done = rtemotion(
        *("evaluate", str(place / "films"), "--targets", TARGETS, "--shifts", "20"),
        *("--cache", str(place / "cache"), *NOTHING, "--out", str(out)),
    )
    assert done.returncode == 0, done.stderr
    # Of three clips two moves of the labels differ.
    assert done.stdout.startswith("Inconclusive: of 2 moves")
    assert "Protocol A (within subject, leave one stimulus out) was chosen" in done.stdout
    assert "Not B: To hold out subjects and stimuli" in " ".join(done.stdout.split())
    said = json.loads((out / "evaluation.json").read_text("utf-8"))
    assert (said["protocol"], said["holds"], said["verdict"]) == ("A", False, "inconclusive")
    page = (out / "report.html").read_text("utf-8")
    assert "Inconclusive: of 2 moves" in page
    assert sorted(path.name for path in out.iterdir()) == ["evaluation.json", "report.html"]


def test_json_is_all_that_is_printed_for_programs(place: Path) -> None:
    done = evaluated(place, "--json", "--protocol", "a", "--parts", "power", "--shifts", "0")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["protocol"], said["features"], said["significance"]) == ("A", "power", None)


def test_labels_beyond_the_scale_that_was_declared_are_noted(place: Path) -> None:
    narrow = ("--targets", "valence:0:1,arousal:1:9", "--estimator", "mean", "--json")
    said = json.loads(evaluated(place, *narrow, "--shifts", "0").stdout)
    assert [n for n in said["notes"] if "--targets valence:0:3" in n]
    assert not [n for n in said["notes"] if "--targets arousal" in n]


def test_a_recipe_is_fitted_anew_in_every_fold(place: Path) -> None:
    done = evaluated(place, "--json", "--estimator", "mean", "--shifts", "0")
    assert json.loads(done.stdout)["estimator"] == "mean"


def test_a_finished_model_is_scored_and_a_copy_says_what_it_is_worth(place: Path) -> None:
    model, copy = place / "rated.onnx", place / "scored.onnx"
    done = evaluated(place, "--model", model, "--write", copy, "--shifts", "5")
    assert done.exit_code == 0, done.output
    said = " ".join(done.stdout.split())
    assert "trained on simulation, not validated on people" in said
    assert "brought to the model's 0 to 1" in said
    assert "as served" in said
    scored = load_model(copy).card
    assert "as served on 2 people (real)" in scored.worth
    assert not scored.validated
    assert load_model(model).card.worth == ""
    again = evaluated(place, "--model", model, "--write", copy)
    assert isinstance(again.exception, RtemotionError)
    assert "--overwrite" in str(again.exception)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "learnt.onnx"), "trained on 2 of these 2 recordings .*--estimator"),
        (("--protocol", "B"), "at least 3 subjects and 3 stimuli"),
        (("--estimator", "oracle"), "no estimator 'oracle', expected one of mean, ridge"),
        (("--model", "rated.onnx", "--write", "rated.onnx"), "is what is scored"),
        (("--model", "rated.onnx", "--write", "rated.txt"), "ends in .onnx"),
        (("--model", "rated.onnx", "--lags", "0,2"), "chooses no lag"),
        (("--lags", "0,2"), "cannot follow by"),
        (("--out", "rated.onnx"), "is a file; name a folder"),
        (("--normalisation", "baseline"), "2 recordings have no rest to stand against"),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy(
    place: Path, arguments: tuple[str, ...], said: str
) -> None:
    placed = [place / a if "." in a else a for a in arguments]
    done = evaluated(place, *placed)
    assert isinstance(done.exception, RtemotionError), done.output
    with pytest.raises(RtemotionError, match=said):
        raise done.exception


def test_a_model_without_these_targets_is_refused(place: Path, model: Model) -> None:
    done = evaluated(place, "--model", model.path)
    assert "none is the same" in str(done.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--protocol", "F"),
        ("--parts", "muscle"),
        ("--lags", "soon"),
        ("--normalisation", "zscore"),
        ("--write", "x.onnx"),
        ("--model", "x.onnx", "--estimator", "ridge"),
    ],
)
def test_wrong_usage_is_told_apart_from_failure(place: Path, arguments: tuple[str, ...]) -> None:
    assert evaluated(place, *arguments).exit_code == 2


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def test_each_warning_is_printed_once() -> None:
    log, kept = logging.getLogger("rtemotion"), Kept()
    log.addHandler(kept)
    try:
        with warnings_once():
            for text in ("a", "b", "a", "a"):
                log.warning(text)
        log.warning("a")
    finally:
        log.removeHandler(kept)
    assert kept.said == ["a", "b", "a"]
