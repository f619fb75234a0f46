"""`annotate`: a timed transcript to trajectories of eight emotions, and how far two agree."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import typer

from ..annotation.agreement import agreement, compare
from ..annotation.cache import Cache, cache_folder
from ..annotation.cost import Estimate
from ..annotation.embedding import EmbeddingAnnotator
from ..annotation.emotions import Annotator
from ..annotation.endpoint import Chat, Endpoint
from ..annotation.errors import AnnotationError
from ..annotation.lexicon import LexiconAnnotator
from ..annotation.llm import LlmAnnotator
from ..annotation.segments import LONG, Segment, cut
from ..annotation.sentence_model import SentenceModel
from ..annotation.trajectory import Trajectory
from ..annotation.trajectory_table import read_trajectory, rows, write_trajectory
from ..annotation.transcript import Transcript, read_transcript
from ..outlets.table import check_table
from ..signal import FloatArray
from ..words import without_nan
from .annotate_report import print_agreement, print_rows, print_summary
from .printing import samples_bar

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Story:
    """What is annotated, and how it is cut: the options of the command."""

    text: Path
    words: Path | None
    seconds: float
    within_sentences: bool
    words_a_minute: float
    marker: str | None

    def read(self) -> tuple[Transcript, tuple[Segment, ...]]:
        """Read and cut it."""
        transcript = read_transcript(self.text, self.words, self.words_a_minute)
        if self.marker:
            if any(word.block for word in transcript.words):
                raise typer.BadParameter(
                    "the words name their pieces of sound in a column Segment, and those are the "
                    "markers; leave --marker out."
                )
            named = tuple(replace(word, block=self.marker) for word in transcript.words)
            transcript = replace(transcript, words=named)
        return transcript, cut(transcript, self.seconds, self.within_sentences)


@dataclass(frozen=True)
class Asking:
    """How a language model is asked: the options of the command."""

    endpoint: str
    model: str
    key_variable: str
    passes: int
    price: tuple[float, float] | None
    yes: bool
    cache: Path | None
    context_words: int
    timeout: float
    retries: int

    def chat(self) -> Chat:
        """Open the connection; the key is in an environment variable alone."""
        key = os.environ.get(self.key_variable, "").strip()
        endpoint = Endpoint(self.endpoint, self.model, key, self.timeout, self.retries)
        if key and not endpoint.is_local and not self.endpoint.lower().startswith("https:"):
            log.warning("The key goes to %s unencrypted; ask over https.", endpoint.address)
        return Chat(endpoint)


@dataclass(frozen=True)
class Scored:
    """What came of it: one (n_segments, 8) array a pass, and what is to be said."""

    passes: tuple[FloatArray, ...]
    annotator: str
    notes: tuple[str, ...] = ()
    about: dict[str, Any] | None = None

    @property
    def mean(self) -> FloatArray:
        """Mean over the passes that scored a segment, NaN where none did."""
        stacked = np.stack(self.passes)
        known = np.isfinite(stacked)
        n = known.sum(axis=0)
        total = np.where(known, stacked, 0.0).sum(axis=0)
        mean: FloatArray = np.where(n > 0, total / np.maximum(n, 1), np.nan)
        return mean


def run_annotate(
    story: Story,
    annotator: str,
    model: str | None,
    asking: Asking | None,
    smoothing: int,
    out: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Annotate a story, write the table, say what came of it."""
    if out is not None:
        check_table(out, overwrite)
    transcript, segments = story.read()
    if asking is not None:
        scored = _by_llm(asking, segments)
    elif annotator == "embedding":
        scored = _by_embedding(Path(model or ""), segments)
    else:
        lexicon = LexiconAnnotator()
        scored = Scored((_scores(lexicon, segments),), lexicon.identity)
    trajectory = Trajectory.of(
        segments, scored.mean, scored.annotator, transcript.timing, smoothing
    )
    if out is not None:
        write_trajectory(trajectory, out, overwrite)
    notes = (*transcript.notes, *_about_length(segments, story.seconds), *scored.notes)
    _report(trajectory, scored, notes, out, as_json)


def run_agreement(files: tuple[Path, Path], as_json: bool) -> None:
    """Print how far two tables agree."""
    first, second = (read_trajectory(file) for file in files)
    found = compare(first, second)
    names = (first.annotator, second.annotator)
    if as_json:
        said = {"annotators": names, "agreement": [asdict(one) for one in found]}
        sys.stdout.write(json.dumps(without_nan(said), indent=2) + "\n")
        return
    print_agreement(found, names)


def _scores(
    annotator: Annotator, segments: Sequence[Segment], title: str = "annotating"
) -> FloatArray:
    scores = np.full((len(segments), 8), np.nan)
    with samples_bar(title, len(segments)) as advance:
        for i, score in enumerate(annotator.scores(segments)):
            scores[i] = score
            advance(i + 1)
    return scores


def _by_embedding(folder: Path, segments: Sequence[Segment]) -> Scored:
    model = SentenceModel(folder)
    annotator = EmbeddingAnnotator(model)
    before = model.n_cut
    scores = _scores(annotator, segments)
    notes = []
    if annotator.unknown:
        notes.append(f"the model does not tell {', '.join(annotator.unknown)} apart: no scores")
    if cut_short := model.n_cut - before:
        notes.append(
            f"{cut_short} segments are longer than the model reads: their ends are unread"
        )
    return Scored((scores,), annotator.identity, tuple(notes))


def _by_llm(asking: Asking, segments: Sequence[Segment]) -> Scored:
    cache = Cache(asking.cache or cache_folder())
    with ExitStack() as stack:
        chat = stack.enter_context(closing(asking.chat()))
        passes = [
            LlmAnnotator(chat, cache, number + 1, asking.context_words)
            for number in range(asking.passes)
        ]
        _confirm([one.estimate(segments) for one in passes], asking)
        try:
            scores = tuple(
                _scores(one, segments, f"pass {i + 1} of {len(passes)}")
                for i, one in enumerate(passes)
            )
        except KeyboardInterrupt:
            sys.stderr.write(
                "stopped; no table is written, but what was answered is kept: run the same "
                "command again to go on.\n"
            )
            raise typer.Exit(0) from None
    n_used = sum(one.tokens_in for one in passes), sum(one.tokens_out for one in passes)
    notes = [_unanswered(i, one) for i, one in enumerate(passes) if one.unanswered]
    notes.append(_used(chat.requests, *n_used))
    identity = passes[0].identity + (f" mean of {len(passes)} passes" if len(passes) > 1 else "")
    if not any(np.isfinite(one).any() for one in scores):
        raise AnnotationError(
            f"no segment was answered ({passes[0].unanswered[0].reason}), expected eight numbers "
            f"from {asking.model}; try another model. No table is written."
        )
    missed = [[asdict(miss) for miss in one.unanswered] for one in passes]
    about = {
        "unanswered": missed,
        "requests": chat.requests,
        "tokens_in": n_used[0],
        "tokens_out": n_used[1],
    }
    return Scored(scores, identity, tuple(notes), about)


def _confirm(estimates: Sequence[Estimate], asking: Asking) -> None:
    """Say what it will take, and ask before anything is paid."""
    total = Estimate(
        sum(one.requests for one in estimates),
        sum(one.cached for one in estimates),
        sum(one.tokens_in for one in estimates),
        sum(one.tokens_out for one in estimates),
    )
    price = "the price is not known (--price)"
    if asking.price is not None:
        price = f"about {total.cost(asking.price):.4g} at the price given"
    sys.stderr.write(
        f"{total.requests} requests to {asking.model}, {total.cached} answers kept from before; "
        f"about {total.tokens_in} tokens in and {total.tokens_out} out, repetitions not counted; "
        f"{price}\n"
    )
    if asking.yes or total.requests == 0:
        return
    if not sys.stdin.isatty():
        raise AnnotationError(
            "nobody is there to agree to what it will take, expected a terminal; look at the "
            "line above and add --yes."
        )
    if not typer.confirm("Ask now?", err=True):
        raise typer.Exit(0)


def _unanswered(number: int, annotator: LlmAnnotator) -> str:
    missed = annotator.unanswered
    named = ", ".join(f"{miss.index} ({miss.reason})" for miss in missed[:5])
    more = f" and {len(missed) - 5} more" if len(missed) > 5 else ""
    return f"pass {number + 1}: {len(missed)} segments have no valid answer: {named}{more}"


def _used(requests: int, tokens_in: int, tokens_out: int) -> str:
    used = f", {tokens_in} tokens in and {tokens_out} out as the endpoint counts" * bool(tokens_in)
    return f"{requests} requests{used}"


def _about_length(segments: Sequence[Segment], seconds: float) -> list[str]:
    lengths = [segment.end - segment.start for segment in segments]
    notes = [
        f"{len(segments)} segments of {np.mean(lengths):.1f} s ({min(lengths):.1f} to "
        f"{max(lengths):.1f}), {sum(segment.n_words for segment in segments)} words"
    ]
    if n_long := sum(length > 2.0 * seconds for length in lengths):
        notes.append(
            f"{n_long} segments last more than {2.0 * seconds:g} s since their sentences do; "
            f"--within-sentences cuts sentences of more than {LONG * seconds:g} s"
        )
    return notes


def _report(
    trajectory: Trajectory,
    scored: Scored,
    notes: Sequence[str],
    out: Path | None,
    as_json: bool,
) -> None:
    found = agreement(scored.passes) if len(scored.passes) > 1 else ()
    if as_json:
        said = {
            "annotator": trajectory.annotator,
            "construct": trajectory.construct,
            "timing": trajectory.timing,
            "smoothing": trajectory.smoothing,
            "notes": notes,
            "out": None if out is None else str(out),
            **(scored.about or {}),
            "agreement": [asdict(one) for one in found],
            "segments": list(rows(trajectory)),
        }
        sys.stdout.write(json.dumps(without_nan(said), indent=2) + "\n")
        return
    if out is None:
        print_rows(trajectory)
    else:
        print_summary(trajectory)
    sys.stdout.write(f"# {trajectory.construct}, by {trajectory.annotator}\n")
    for note in notes:
        sys.stdout.write(f"# {note}\n")
    if found:
        print_agreement(found, [f"pass {i + 1}" for i in range(len(scored.passes))])
    if out is not None:
        sys.stdout.write(f"# wrote {out}\n")
