"""The verb `annotate` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from .options import File, JsonOption, OutOption, OverwriteOption, Text, positive

ANNOTATORS = ("llm", "embedding", "lexicon")


def _annotator(value: str) -> str:
    if value not in ANNOTATORS:
        raise typer.BadParameter(f"'{value}' is not {', '.join(ANNOTATORS[:-1])} or lexicon.")
    return value


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise typer.BadParameter(f"{value} segments have no middle one; give an odd number.")
    return value


def _prices(value: str | None) -> str | None:
    if value is not None:
        parse_price(value)
    return value


def parse_price(value: str) -> tuple[float, float]:
    """Return the prices per million tokens in and out in ``IN,OUT``."""
    try:
        into, out = (float(part) for part in value.split(","))
    except ValueError as problem:
        raise typer.BadParameter(f"'{value}' is not IN,OUT, as in 0.15,0.60.") from problem
    if not (0.0 <= into < float("inf") and 0.0 <= out < float("inf")):
        raise typer.BadParameter(f"'{value}' holds a number that is no price.")
    return into, out


def annotate(
    text: Annotated[
        File,
        typer.Argument(
            help="A text (UTF-8), a table of words with their times (.csv, .tsv), or subtitles "
            "(.srt, .vtt)."
        ),
    ] = None,
    words: Annotated[
        File,
        typer.Option(
            "--words",
            metavar="TIMES.csv",
            help="When each word of the text is spoken: columns Word, onset, offset (s), and "
            "Segment and Sentence where there are; without it times are estimated.",
        ),
    ] = None,
    annotator: Annotated[
        str,
        typer.Option(
            "--annotator",
            callback=_annotator,
            help="Who scores: llm (a language model at --endpoint), embedding (a local model in "
            "the folder --model) or lexicon (a small English word list).",
        ),
    ] = "lexicon",
    model: Annotated[
        Text,
        typer.Option(
            "--model",
            help="llm: the model's name at the endpoint. embedding: a folder with model.onnx and "
            "tokenizer.json.",
        ),
    ] = None,
    endpoint: Annotated[
        Text,
        typer.Option(
            "--endpoint", metavar="URL", help="OpenAI-compatible, as in http://localhost:8000/v1."
        ),
    ] = None,
    key_variable: Annotated[
        str,
        typer.Option("--key-variable", help="Environment variable that holds the endpoint's key."),
    ] = "RTEMOTION_LLM_KEY",
    passes: Annotated[
        int,
        typer.Option(
            "--passes",
            min=1,
            max=4,
            help="llm: ask so often, with the emotions in another order each time; their mean is "
            "taken and their agreement told.",
        ),
    ] = 1,
    price: Annotated[
        Text,
        typer.Option(
            "--price",
            metavar="IN,OUT",
            callback=_prices,
            help="llm: price of a million tokens in and out, for the estimate.",
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="llm: do not ask before what may cost money.")
    ] = False,
    context_words: Annotated[
        int,
        typer.Option(
            "--context-words", min=0, help="llm: words of the story so far that go along."
        ),
    ] = 4000,
    timeout: Annotated[
        float,
        typer.Option("--timeout", help="llm: seconds an answer may take.", callback=positive),
    ] = 60.0,
    retries: Annotated[
        int, typer.Option("--retries", min=0, help="llm: how often a failed request is repeated.")
    ] = 5,
    cache: Annotated[
        File,
        typer.Option(
            "--cache",
            metavar="FOLDER",
            help="llm: where answers are kept; the platform's cache by default.",
        ),
    ] = None,
    segment: Annotated[
        float,
        typer.Option(
            "--segment",
            help="Seconds a segment lasts, about: it ends where a sentence does.",
            callback=positive,
        ),
    ] = 8.0,
    within_sentences: Annotated[
        bool,
        typer.Option("--within-sentences", help="Cut long sentences too, at clauses and pauses."),
    ] = False,
    smooth: Annotated[
        int,
        typer.Option(
            "--smooth",
            min=1,
            callback=_odd,
            help="Segments in the centred rolling mean; 1 leaves scores as they are.",
        ),
    ] = 3,
    rate: Annotated[
        float,
        typer.Option(
            "--rate", help="Words a minute from which times are estimated.", callback=positive
        ),
    ] = 170.0,
    marker: Annotated[
        Text,
        typer.Option(
            "--marker",
            help="The recording's marker at which the story begins, where the words name none.",
        ),
    ] = None,
    compare: Annotated[
        Optional[tuple[Path, Path]],  # noqa: UP045 - see options
        typer.Option(
            "--compare",
            metavar="A B",
            help="Instead: tell how far two tables agree.",
            show_default=False,
        ),
    ] = None,
    out: OutOption = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Score a story's emotions, segment by segment, as labels for recordings."""
    if compare is not None:
        if text is not None:
            raise typer.BadParameter("--compare takes two tables, and no text beside them.")
        from .annotate import run_agreement

        run_agreement(compare, as_json)
        return
    if text is None:
        raise typer.BadParameter("name a text to annotate, or two tables to --compare.")
    _check(annotator, model, endpoint, passes)
    from .annotate import Asking, Story, run_annotate

    story = Story(text, words, segment, within_sentences, rate, marker)
    asking = None
    if endpoint is not None and model is not None:
        prices = None if price is None else parse_price(price)
        asking = Asking(
            endpoint,
            model,
            key_variable,
            passes,
            prices,
            yes,
            cache,
            context_words,
            timeout,
            retries,
        )
    run_annotate(story, annotator, model, asking, smooth, out, overwrite, as_json)


def _check(annotator: str, model: str | None, endpoint: str | None, passes: int) -> None:
    """Refuse options that do not go with the annotator."""
    if annotator == "llm":
        if endpoint is None or model is None:
            raise typer.BadParameter("--annotator llm needs --endpoint URL and --model NAME.")
        return
    if endpoint is not None or passes > 1:
        raise typer.BadParameter("--endpoint and --passes go with --annotator llm alone.")
    if annotator == "embedding" and model is None:
        raise typer.BadParameter("--annotator embedding needs --model FOLDER.")
    if annotator == "lexicon" and model is not None:
        raise typer.BadParameter("--annotator lexicon takes no --model.")
