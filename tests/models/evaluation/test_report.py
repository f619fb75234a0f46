"""The page of an evaluation: the verdict at its top, nothing fetched, nothing drawn globally."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rtemotion.models.evaluation import Evaluation, Finding, Plan, evaluate, pictures, words
from rtemotion.models.evaluation.ceiling import ceiling_of
from rtemotion.models.evaluation.made_up import Recipe, made_up
from rtemotion.models.evaluation.report import write_report
from rtemotion.models.evaluation.result import INCONCLUSIVE, NOTHING

RECIPE = Recipe(subjects=5, stimuli=5, rows=25, code="power")
PLAN = Plan(shifts=39, resamples=100)


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return evaluate(made_up(RECIPE, 0), None, "B", PLAN, ceiling=0.9)


def test_the_page_holds_what_a_reader_must_know_and_opens_without_a_network(
    found: Evaluation, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    write_report(found, path, "made up <people>", ["trained on clouds"])
    page = path.read_text("utf-8")
    fetched = re.findall(r"(?:src|href)=[\"'](?!data:|#|javascript)([^\"']+)", page)
    # A link that may be clicked on is not loaded.
    assert {url for url in fetched if not url.startswith("$")} <= {"https://mne.tools"}
    assert not re.search(r"@import\s+[\"'u]|url\(\s*[\"']?https?:", page)
    for said in (
        words.verdict_words(found),
        "trained on clouds",
        words.SIMULATED,
        "subjects and stimuli held out together",
        "band-power ridge",
        "muscle proxy",
        "On equal terms",
        "0.90, the CCC of a within-subject oracle",
        "One story: no generalisation over stimuli.",
        "made up &lt;people&gt;",
    ):
        assert said in page
    assert page.index(words.verdict_words(found)) < page.index("band-power ridge")
    assert page.count("<figure>") == 6
    assert list(tmp_path.iterdir()) == [path]


def test_figures_are_drawn_without_pyplot() -> None:
    script = """
import sys
from rtemotion.models.evaluation import Plan, evaluate, pictures
from rtemotion.models.evaluation.made_up import Recipe, made_up
found = evaluate(made_up(Recipe(stimuli=3, rows=20), 0), None, "B", Plan(shifts=3, resamples=9))
pictures.forest(found).savefig(sys.argv[1], format="svg")
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script, os.devnull], check=True, timeout=60)


def test_figures_show_the_numbers_of_the_evaluation(found: Evaluation) -> None:
    (axes,) = pictures.forest(found).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[0] == "model"
    assert names[-1] == "within-subject oracle"
    assert "stimulus mean (E)" in names
    drawn = pictures.null(found)
    assert drawn is not None
    assert found.significance is not None
    assert f"{found.significance.observed:.2f}" in drawn.axes[0].texts[0].get_text()
    square = pictures.matrix(found)
    assert square is not None
    texts = [text.get_text() for text in square.axes[0].texts]
    assert texts[0] == f"{found.matrix[0][0]:z.2f}"
    first = found.courses[0]
    lines = pictures.course(found, first).axes[0].get_lines()
    assert np.array_equal(lines[1].get_ydata(), first.prediction[: len(lines[1].get_ydata()), 0])


def test_courses_are_the_best_the_middle_and_the_worst(found: Evaluation) -> None:
    assert [shown.why for shown in found.courses] == ["best", "middle", "worst"]
    assert found.courses[0].r >= found.courses[1].r >= found.courses[2].r
    assert "courses" not in found.as_dict()


def test_nothing_is_drawn_of_what_is_not_there(found: Evaluation) -> None:
    bare = replace(found, significance=None, uncertainty=None, targets=found.targets[:1])
    assert pictures.null(bare) is None
    assert pictures.coverage(bare) is None
    assert pictures.matrix(bare) is None


def test_strata_are_drawn_where_there_are_several(found: Evaluation) -> None:
    assert found.uncertainty is not None
    by = {"channels": {"1 to 4": 0.8}, "features": {"familiar": 0.9, "unfamiliar": 0.7}}
    told = replace(found, uncertainty=replace(found.uncertainty, by=by))
    drawn = pictures.coverage(told)
    assert drawn is not None
    names = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert names == ["all", "features: familiar", "features: unfamiliar"]


def test_why_a_score_does_not_hold_is_said(found: Evaluation) -> None:
    assert found.holds
    assert words.holds_words(found).startswith("The score holds")
    assert "nothing was found" in words.holds_words(replace(found, verdict=NOTHING))
    wide = replace(found.mean, ccc=replace(found.mean.ccc, low=-0.01))
    assert "interval of the mean CCC includes 0" in words.holds_words(replace(found, mean=wide))
    short = replace(found.mean, ccc=replace(found.mean.ccc, low=np.nan, high=np.nan))
    assert replace(found, mean=short).holds == (found.mean.r.low > 0)
    leaking = replace(found, findings=(Finding("window split", "fault", "it leaks"),))
    assert "window split" in words.holds_words(leaking)
    assert "no headline" not in words.holds_words(found)
    assert "not a headline" in words.holds_words(replace(found, protocol="E", headline=False))


def test_what_could_not_be_asked_is_said_in_the_verdict(found: Evaluation) -> None:
    unasked = replace(found, verdict=INCONCLUSIVE, significance=None)
    assert words.verdict_words(unasked).startswith("Inconclusive: chance was not asked")
    assert words.holds_words(unasked) == "The score does not hold: chance was not asked."
    assert found.significance is not None
    few = replace(found.significance, moves=5, smallest_p=1 / 6)
    unknowable = replace(unasked, significance=few)
    assert "of 5 moves of the labels p cannot be below 0.17" in words.verdict_words(unknowable)
    said = " ".join(words.chance_words(unknowable))
    assert "would have been found" not in said
    assert "could not have found any r" in said


def test_the_ceiling_is_what_a_ridge_of_ones_own_reaches(found: Evaluation) -> None:
    table = made_up(RECIPE, 0)
    ceiling = ceiling_of(table, PLAN)
    own = evaluate(table, None, "A", replace(PLAN, shifts=0, baselines=False)).mean.ccc.value
    assert ceiling == pytest.approx(own)
    short = made_up(Recipe(subjects=2, stimuli=2, rows=4), 0)
    assert ceiling_of(short, PLAN) is None


def test_the_strictest_protocol_is_chosen_and_says_why() -> None:
    quick = replace(PLAN, shifts=0, baselines=False)
    chosen = {
        evaluate(made_up(recipe, 0), None, "auto", quick).protocol: recipe
        for recipe in (
            RECIPE,
            Recipe(subjects=1, sessions=2, stimuli=0, rows=60),
            Recipe(subjects=2, stimuli=4, rows=25),
            Recipe(subjects=1, stimuli=0, rows=120),
        )
    }
    assert set(chosen) == {"B", "C", "A", "D"}
    notes = evaluate(made_up(chosen["D"], 0), None, "auto", quick).notes
    assert any("Protocol D" in note and "Not B: To hold out" in note for note in notes)
