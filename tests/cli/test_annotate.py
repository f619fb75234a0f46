"""`annotate`, as its users call it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from rtemotion.annotation.emotions import EMOTIONS
from rtemotion.cli.app import app

from ..annotation.sentence_models import write_model
from ..annotation.server import endpoint, good, says, scores_of, silent
from ..annotation.stories import SENTENCES
from .test_entry import rtemotion


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(" ".join(SENTENCES[:6]), encoding="utf-8")
    return path


@pytest.fixture
def times(tmp_path: Path) -> Path:
    """The words of the story in the Alice layout: two pieces of sound, a word a second."""
    lines = ["Word,Segment,onset,offset,Order,LogFreq,Sentence"]
    for i, sentence in enumerate(SENTENCES[:6]):
        if i % 3 == 0:
            at = 0.0
        for word in sentence.lower().split():
            lines.append(f"{word.strip('.!,')},{1 + i // 3},{at},{at + 0.9},1,9.0,{i + 1}")
            at += 1.0
    path = tmp_path / "times.csv"
    path.write_text("\n".join(lines))
    return path


def llm(told_url: str, story: Path, tmp_path: Path, *more: str) -> list[str]:
    return [
        *("annotate", str(story), "--annotator", "llm", "--endpoint", told_url),
        *("--model", "tiny", "--segment", "2", "--cache", str(tmp_path / "cache"), *more),
    ]


def test_the_word_list_labels_a_timed_story(story: Path, times: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    done = rtemotion(
        *("annotate", str(story), "--words", str(times), "--out", str(out), "--segment", "6")
    )
    assert done.returncode == 0, done.stderr
    assert "stimulus-inferred, by lexicon" in done.stdout
    table = pd.read_csv(out)
    assert table["marker"].tolist() == [1, 1, 1, 2, 2, 2]
    assert table["text"].tolist() == list(SENTENCES[:6])
    assert table["start"].tolist() == [0.0, 7.0, 12.0, 0.0, 7.0, 13.0]
    assert set(table["construct"]) == {"stimulus-inferred"}
    assert set(table["timing"]) == {"measured"}
    assert table.loc[0, "joy_raw"] > 0.8
    joy = table["joy_raw"].to_numpy()
    np.testing.assert_allclose(table["joy"][:3], [joy[:2].mean(), joy[:3].mean(), joy[1:3].mean()])


def test_a_text_alone_says_that_its_times_are_estimated(story: Path) -> None:
    done = rtemotion("annotate", str(story), "--marker", "begin", "--smooth", "1", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["timing"] == "estimated"
    assert any("estimated" in note for note in said["notes"])
    assert {row["marker"] for row in said["segments"]} == {"begin"}
    assert all(row["joy"] == row["joy_raw"] for row in said["segments"])


def test_a_local_model_labels_a_story(story: Path, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny")
    out = tmp_path / "labels.parquet"
    done = rtemotion(
        *("annotate", str(story), "--annotator", "embedding", "--model", str(folder)),
        *("--out", str(out)),
    )
    assert done.returncode == 0, done.stderr
    table = pd.read_parquet(out)
    assert table["annotator"].str.startswith("embedding tiny sha256:").all()
    assert table[list(EMOTIONS)].notna().all().all()


def test_two_annotators_are_compared(story: Path, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny")
    a, b = str(tmp_path / "a.csv"), str(tmp_path / "b.parquet")
    rtemotion("annotate", str(story), "--out", a, "--segment", "2")
    rtemotion(
        *("annotate", str(story), "--out", b, "--segment", "2", "--annotator", "embedding"),
        *("--model", str(folder)),
    )
    done = rtemotion("annotate", "--compare", a, b)
    assert done.returncode == 0, done.stderr
    assert "ICC(2,1)" in done.stdout
    said = json.loads(rtemotion("annotate", "--compare", a, b, "--json").stdout)
    assert [one["emotion"] for one in said["agreement"]] == list(EMOTIONS)
    assert said["agreement"][1]["n"] == 6
    assert said["agreement"][1]["ccc"] > 0.3


def test_a_language_model_labels_a_story_in_two_passes(story: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    with endpoint() as told:
        command = llm(
            told.url, story, tmp_path, "--passes", "2", "--price", "1,2", "--out", str(out)
        )
        refused = rtemotion(*command)
        assert refused.returncode == 1
        assert "12 requests to tiny" in refused.stderr
        assert "at the price given" in refused.stderr
        assert "add --yes" in refused.stderr
        assert not told.asked
        done = rtemotion(*command, "--yes")
    assert done.returncode == 0, done.stderr
    assert len(told.asked) == 12
    assert "ICC(2,1)" in done.stdout
    assert "mean of 2 passes" in done.stdout
    raw = pd.read_csv(out)[[f"{emotion}_raw" for emotion in EMOTIONS]]
    np.testing.assert_allclose(raw, [list(scores_of(s).values()) for s in SENTENCES[:6]])


def test_a_refusal_is_counted_and_left_empty(story: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    with endpoint(good, *[says(None, refusal="No.")] * 3) as told:
        done = rtemotion(*llm(told.url, story, tmp_path, "--yes", "--out", str(out)))
    assert done.returncode == 0, done.stderr
    assert "1 segments have no valid answer: 1 (the model refused)" in done.stdout
    assert pd.read_csv(out)[list(EMOTIONS)].isna().all(axis=1).tolist() == [
        False,
        True,
        *[False] * 4,
    ]


def test_no_answer_at_all_writes_no_table(story: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    with endpoint(then=says("no")) as told:
        done = rtemotion(*llm(told.url, story, tmp_path, "--yes", "--out", str(out)))
    assert done.returncode == 1
    assert "no segment was answered" in done.stderr
    assert not out.exists()


def test_an_endpoint_that_never_answers_is_told(story: Path, tmp_path: Path) -> None:
    with endpoint(then=silent) as told:
        patience = ("--yes", "--timeout", "0.3", "--retries", "0")
        done = rtemotion(*llm(told.url, story, tmp_path, *patience))
    assert done.returncode == 1
    assert "gave no answer" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 0)])
def test_a_run_that_is_ended_goes_on_without_asking_twice(
    story: Path, tmp_path: Path, how: signal.Signals, code: int
) -> None:
    out = tmp_path / "labels.csv"
    with endpoint(good, good, good, then=silent) as told:
        command = llm(told.url, story, tmp_path, "--yes", "--out", str(out))
        process = subprocess.Popen(
            [sys.executable, "-m", "rtemotion", *command],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        told.wait_for(4)
        process.send_signal(how)
        _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert not out.exists()
    if how == signal.SIGINT:
        assert "what was answered is kept" in said
    with endpoint() as told:
        done = rtemotion(*llm(told.url, story, tmp_path, "--yes", "--out", str(out)))
        assert told.segments == list(SENTENCES[3:6])
    assert done.returncode == 0, done.stderr
    assert "3 requests to tiny, 3 answers kept from before" in done.stderr
    assert len(pd.read_csv(out)) == 6


def test_what_is_kept_needs_neither_consent_nor_endpoint(story: Path, tmp_path: Path) -> None:
    with endpoint() as told:
        rtemotion(*llm(told.url, story, tmp_path, "--yes"))
        gone = told.url
    done = rtemotion(*llm(gone, story, tmp_path))
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="terminals")
@pytest.mark.parametrize(("answer", "n_asked"), [("n", 0), ("y", 6)])
def test_a_terminal_is_asked_before_anything_is_paid(
    story: Path, tmp_path: Path, answer: str, n_asked: int
) -> None:
    import pty

    ours, theirs = pty.openpty()
    with endpoint() as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "rtemotion", *llm(told.url, story, tmp_path)],
            stdin=theirs,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        os.write(ours, f"{answer}\n".encode())
        _, said = process.communicate(timeout=60)
        assert len(told.asked) == n_asked
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0
    assert said.index("6 requests to tiny") < said.index("Ask now?")


def test_the_key_comes_from_its_variable_and_is_never_shown(
    story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    with endpoint() as told:
        done = rtemotion(*llm(told.url, story, tmp_path, "--yes", "--key-variable", "MY_KEY"))
    assert {h["Authorization"] for h in told.headers} == {"Bearer sk-very-secret"}
    kept = "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    assert "sk-very" not in done.stdout + done.stderr + kept


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("story.txt", "--annotator", "oracle"),
        ("story.txt", "--annotator", "llm"),
        ("story.txt", "--annotator", "embedding"),
        ("story.txt", "--endpoint", "http://localhost/v1"),
        ("story.txt", "--model", "tiny"),
        ("story.txt", "--smooth", "2"),
        ("story.txt", "--segment", "0"),
        ("story.txt", "--price", "cheap"),
        ("story.txt", "--compare", "a.csv", "b.csv"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, ["annotate", *arguments])
    assert done.exit_code == 2, done.output


def test_times_that_run_backwards_are_told_by_line(story: Path, times: Path) -> None:
    lines = times.read_text().splitlines()
    lines[3], lines[4] = lines[4], lines[3]
    times.write_text("\n".join(lines))
    done = rtemotion("annotate", str(story), "--words", str(times))
    assert done.returncode == 1
    assert "line 5" in done.stderr
    assert "run backwards" in done.stderr


def test_a_place_that_cannot_be_written_is_told_before_anything_is_asked(
    story: Path, tmp_path: Path
) -> None:
    with endpoint() as told:
        done = rtemotion(
            *llm(told.url, story, tmp_path, "--yes", "--out", str(tmp_path / "a.txt"))
        )
        assert not told.asked
    assert done.returncode == 1
    assert ".csv or .parquet" in done.stderr


def test_help_loads_neither_httpx_nor_tokenizers() -> None:
    code = (
        "import sys; from rtemotion.cli.app import app; import rtemotion.cli.annotate_command; "
        "assert not {'httpx', 'tokenizers', 'onnxruntime', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
