"""Subtitles (SRT, WebVTT): cues with times, words spread over each by their length."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import AnnotationError
from .prose import split_words
from .transcript import Transcript, Word, check_times, read_text

_CLOCK = r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}")
_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")
_ASIDE = ("NOTE", "STYLE", "REGION")


@dataclass(frozen=True)
class _Cue:
    line: int
    start: float
    end: float
    text: str


def read_subtitles(path: Path) -> Transcript:
    """Read SRT or WebVTT; times within a cue are in proportion to the length of words.

    Raises
    ------
    AnnotationError
        If there is no cue, or times run backwards or overlap (the line is named).
    """
    cues = list(_cues(path, read_text(path)))
    if not any(cue.text for cue in cues):
        raise AnnotationError(
            f"{path} holds no subtitle, expected lines such as '00:00:01,000 --> 00:00:04,000' "
            "with text below; check the file."
        )
    check_times(((cue.line, Word(cue.text, cue.start, cue.end)) for cue in cues), path)
    # Sentences run on over cues, so marks are judged in the whole text.
    tokens = split_words("\n".join(cue.text for cue in cues))
    words: list[Word] = []
    for cue in cues:
        own = tokens[len(words) : len(words) + len(split_words(cue.text))]
        length = sum(len(token.text) for token in own)
        so_far = 0
        for token in own:
            onset = cue.start + (cue.end - cue.start) * so_far / length
            so_far += len(token.text)
            offset = cue.start + (cue.end - cue.start) * so_far / length
            words.append(Word(token.text, onset, offset, "", token.ends_sentence, token.space))
    note = "times of words are interpolated within subtitles"
    return Transcript(tuple(words), "interpolated", (note,))


def _cues(path: Path, text: str) -> Iterator[_Cue]:
    lines = text.splitlines()
    i = 0
    while i < len(lines):
        if lines[i].startswith(_ASIDE):
            i = _blank_from(lines, i)
        elif "-->" in lines[i]:
            times = _TIMES.match(lines[i])
            if times is None:
                raise AnnotationError(
                    f"{path}, line {i + 1}: '{lines[i].strip()}' is no time of a subtitle, "
                    "expected '00:00:01,000 --> 00:00:04,000'; correct the line."
                )
            end = _blank_from(lines, i + 1)
            said = " ".join(lines[i + 1 : end])
            said = " ".join(html.unescape(_TAG.sub("", said)).split())
            if said:
                yield _Cue(i + 1, _seconds(times.groups()[:4]), _seconds(times.groups()[4:]), said)
            i = end
        else:
            i += 1


def _blank_from(lines: list[str], i: int) -> int:
    while i < len(lines) and lines[i].strip():
        i += 1
    return i


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + float(f"{seconds}.{fraction}")
