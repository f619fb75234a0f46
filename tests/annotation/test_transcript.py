"""Transcripts: what is read, what is refused and where."""

from pathlib import Path

import pytest

from rtemotion.annotation.errors import AnnotationError
from rtemotion.annotation.transcript import read_transcript

ALICE = """Word,Segment,onset,offset,Order,LogFreq,Position,Sentence,IsLexical
alice,1,0.10,0.50,1,8.5,1,1,1
was,1,0.50,0.70,2,14.0,2,1,0
tired,1,0.70,1.20,3,11.0,3,1,1
down,1,1.60,2.00,4,12.0,1,2,1
she,2,0.05,0.30,5,14.0,2,2,0
fell,2,0.30,0.80,6,11.0,3,2,1
"""


def written(folder: Path, text: str, name: str = "times.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_alice_layout_gives_words_blocks_and_sentences(tmp_path: Path) -> None:
    found = read_transcript(written(tmp_path, ALICE))
    assert found.timing == "measured"
    assert [word.text for word in found.words] == ["alice", "was", "tired", "down", "she", "fell"]
    assert [word.block for word in found.words] == ["1"] * 4 + ["2"] * 2
    ends = [word.text for word in found.words if word.ends_sentence]
    assert ends == ["tired", "down", "fell"]
    assert (found.words[4].onset, found.words[4].offset) == (0.05, 0.30)


def test_a_simple_table_takes_its_sentences_from_the_marks(tmp_path: Path) -> None:
    table = "word;onset;offset\nHello;0;0.4\nthere.;0.4;0.8\nIt;1;1.2\nis.;1.2;1.5\n"
    found = read_transcript(written(tmp_path, table))
    assert [word.ends_sentence for word in found.words] == [False, True, False, True]


def test_a_text_spells_the_timed_words(tmp_path: Path) -> None:
    text = written(tmp_path, "Alice was TIRED. “Down,” she\nreally fell!", "story.txt")
    found = read_transcript(text, written(tmp_path, ALICE))
    assert [w.text for w in found.words] == [
        "Alice",
        "was",
        "TIRED.",
        "“Down,”",
        "she really",
        "fell!",
    ]
    assert found.words[4].onset == 0.05
    assert any("1 written words have no time" in note for note in found.notes)


def test_another_story_is_refused(tmp_path: Path) -> None:
    text = written(tmp_path, "Once there was a princess in a far country.", "story.txt")
    with pytest.raises(AnnotationError, match="do not tell the same story"):
        read_transcript(text, written(tmp_path, ALICE))


@pytest.mark.parametrize(
    ("row", "why", "line"),
    [
        ("early,1,0.20,0.30,,,,1,", "run backwards", 4),
        ("early,1,1.00,1.30,,,,1,", "overlap", 4),
        ("early,1,1.90,1.80,,,,1,", "ends before it begins", 4),
        ("early,1,-1,1.80,,,,1,", "numbers from 0 on", 4),
        ("early,1,nan,1.80,,,,1,", "numbers from 0 on", 4),
        ("early,1,soon,1.80,,,,1,", "the onset of 'early' is 'soon'", 4),
        ("early,1", "the onset of 'early' is ''", 4),
    ],
)
def test_impossible_times_are_refused_by_line(
    tmp_path: Path, row: str, why: str, line: int
) -> None:
    lines = ["Word,Segment,onset,offset,Order,LogFreq,Position,Sentence,IsLexical"]
    lines += ["alice,1,0.50,0.70,,,,1,", "was,1,0.70,1.20,,,,1,", row]
    with pytest.raises(AnnotationError, match=f"line {line}.*{why}"):
        read_transcript(written(tmp_path, "\n".join(lines)))


def test_a_segment_taken_up_again_runs_backwards(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"line 8.*had ended before"):
        read_transcript(written(tmp_path, ALICE + "more,1,3.0,3.4,7,1,1,3,1\n"))


def test_rounded_times_may_touch(tmp_path: Path) -> None:
    table = "word,onset,offset\na,0,0.5004\nb,0.5,1\n"
    assert len(read_transcript(written(tmp_path, table)).words) == 2


@pytest.mark.parametrize("column", ["Word", "onset", "offset"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    with pytest.raises(AnnotationError, match=f"no column '{column.lower()}'.*LogFreq"):
        read_transcript(written(tmp_path, ALICE.replace(column, "other", 1)))


@pytest.mark.parametrize("name", ["story.txt", "times.csv", "film.srt"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(AnnotationError, match="holds no word"):
        read_transcript(written(tmp_path, " \n…\n", name))


def test_a_table_of_a_header_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="holds no word"):
        read_transcript(written(tmp_path, "word,onset,offset\n,0,1\n"))


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_bytes(b"caf\xe9")
    with pytest.raises(AnnotationError, match="not UTF-8"):
        read_transcript(path)
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_transcript(tmp_path / "none.txt")


def test_a_text_alone_has_estimated_times_and_says_so(tmp_path: Path) -> None:
    text = written(
        tmp_path, "Mr. J. Smith came. “Who?” she asked.\n\nA Heading\n\nThe end", "a.txt"
    )
    found = read_transcript(text, words_a_minute=120.0)
    assert found.timing == "estimated"
    assert "estimated from 120" in found.notes[0]
    assert found.words[2].onset == pytest.approx(1.0)
    ends = [word.text for word in found.words if word.ends_sentence]
    assert ends == ["came.", "asked.", "Heading", "end"]


def test_chinese_is_read_by_character(tmp_path: Path) -> None:
    found = read_transcript(written(tmp_path, "我很高兴。你好！", "a.txt"))
    assert [word.text for word in found.words] == ["我", "很", "高", "兴。", "你", "好！"]
    assert [word.text for word in found.words if word.ends_sentence] == ["兴。", "好！"]
    assert "".join(word.text + word.space for word in found.words).strip() == "我很高兴。你好！"


SRT = """1
00:00:01,000 --> 00:00:03,000
Hello <i>there</i>, my
dear friend.

2
00:00:04,500 --> 00:00:06,000
Goodbye &amp; thanks!
"""
VTT = """WEBVTT

STYLE
::cue { color: red --> blue }

NOTE a remark
00:00:00.000 --> 00:00:09.000

first
00:01.000 --> 00:03.000 align:start
Hello <v Bob>there</v>, my
dear friend.

00:04.500 --> 01:00:06.000
Goodbye &amp; thanks!
"""


@pytest.mark.parametrize(("text", "name"), [(SRT, "a.srt"), (VTT, "a.vtt")])
def test_subtitles_spread_their_words(tmp_path: Path, text: str, name: str) -> None:
    found = read_transcript(written(tmp_path, text, name))
    assert found.timing == "interpolated"
    assert [word.text for word in found.words] == [
        "Hello",
        "there,",
        "my",
        "dear",
        "friend.",
        "Goodbye",
        "&",
        "thanks!",
    ]
    assert (found.words[0].onset, found.words[4].offset) == (1.0, 3.0)
    assert found.words[5].onset == 4.5
    assert found.words[4].ends_sentence


def test_subtitles_that_run_backwards_are_refused_by_line(tmp_path: Path) -> None:
    text = SRT.replace("00:00:04,500 --> 00:00:06,000", "00:00:00,500 --> 00:00:00,900")
    with pytest.raises(AnnotationError, match=r"line 7.*run backwards"):
        read_transcript(written(tmp_path, text, "a.srt"))


def test_a_broken_time_of_a_subtitle_is_refused_by_line(tmp_path: Path) -> None:
    text = SRT.replace("00:00:04,500", "later")
    with pytest.raises(AnnotationError, match=r"line 7.*no time of a subtitle"):
        read_transcript(written(tmp_path, text, "a.srt"))


def test_timed_words_take_no_second_times(tmp_path: Path) -> None:
    times = written(tmp_path, ALICE)
    with pytest.raises(AnnotationError, match="times of its own"):
        read_transcript(times, times)
