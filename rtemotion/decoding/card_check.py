"""Whether the parts of a model card belong together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..columns import name_problem
from ..errors import RtemotionError
from ..features.measures import get_measure

if TYPE_CHECKING:
    from .card import BySize, ModelCard

SHORTEST_CONTEXT_S = 60.0
SHORTEST_ADAPTIVE_S = 300.0


def problem_of(card: ModelCard) -> str:
    """Say what is wrong with a card first; nothing if all is well."""
    return next(_problems(card), "")


def _problems(card: ModelCard) -> Iterator[str]:
    for what in ("name", "version", "licence"):
        if not getattr(card, what).strip():
            yield f"it has no {what}"
    yield from _of_targets(card)
    yield from _of_features(card)
    yield from _of_normalisation(card)
    yield from _of_familiarity(card)
    yield from _of_architecture(card)
    yield from _of_policies(card)
    yield from _of_tie(card)


def _of_targets(card: ModelCard) -> Iterator[str]:
    if problem := name_problem(card.target_names):
        yield problem
    for target in card.targets:
        if target.low >= target.high or target.prior_lower > target.prior_upper:
            yield f"a range of the target '{target.name}' ends before it begins"
        if target.interval <= 0.0:
            yield f"the interval of the target '{target.name}' is not positive"
        if target.prior_std < 0.0:
            yield f"the spread of the target '{target.name}' is negative"
    yield from _of_table("interval_by_size", card.interval_by_size)


def _of_features(card: ModelCard) -> Iterator[str]:
    features = card.features
    for band in features.bands:
        if not 0.0 < band.low < band.high:
            yield f"the band {band.name} from {band.low:g} to {band.high:g} Hz is empty"
        if not 0.0 < band.segment <= band.window:
            yield f"the window of the band {band.name} is shorter than its segment"
    for what, names in (
        ("band", [b.name for b in features.bands]),
        ("measure", features.measures),
    ):
        if len(set(names)) < len(names):
            yield f"it has a {what} twice"
    if features.hop <= 0.0:
        yield f"its hop of {features.hop:g} s is not positive"
    for name in features.measures:
        yield from _of_measure(name, card.measure_versions.get(name))


def _of_measure(name: str, then: str | None) -> Iterator[str]:
    try:
        now = get_measure(name).version
    except RtemotionError as error:
        yield str(error).rstrip(".")
        return
    if then is None:
        yield f"it does not say which version of the measure '{name}' it was made with"
    elif then != now:
        yield (
            f"it was made with version {then} of the measure '{name}', and this program has "
            f"version {now}, which gives other values; train it again, or install the program it "
            "was made with"
        )


def _of_normalisation(card: ModelCard) -> Iterator[str]:
    n_measures, n_edges = len(card.features.measures), len(card.features.connectivity_bands)
    normalisation = card.normalisation
    population = normalisation.population
    if len(population.log_power) != len(card.features.bands):
        yield "its population reference does not fit its bands"
    if [len(row) for row in population.connectivity] != [n_edges] * n_measures:
        yield "its population reference does not fit its measures and connectivity bands"
    if normalisation.minimum_s <= 0.0:
        yield f"a baseline of {normalisation.minimum_s:g} s says nothing"
    if normalisation.policy == "adaptive" and normalisation.adaptive_tau_s < SHORTEST_ADAPTIVE_S:
        yield (
            f"its adaptive normalisation follows with {normalisation.adaptive_tau_s:g} s, which "
            f"would follow emotions too; at least {SHORTEST_ADAPTIVE_S:g} s are wanted"
        )


def _of_familiarity(card: ModelCard) -> Iterator[str]:
    known = card.familiarity
    n_edges = len(card.features.measures) * len(card.features.connectivity_bands)
    n = 2 * len(card.features.bands) + n_edges
    if len(known.mean) != n or [len(row) for row in known.precision] != [n] * n:
        yield f"its familiarity does not fit the {n} numbers that sum its features up"
    yield from _of_table("familiarity.limits", known.limits)


def _of_architecture(card: ModelCard) -> Iterator[str]:
    agreement = card.agreement
    if card.architecture == "approximate" and agreement is None:
        yield "it is approximate, but does not say how far its contributions are to be believed"
    if card.architecture == "additive" and agreement is not None:
        yield "it is additive, so that its contributions are exact and have no agreement"
    if agreement is not None and not max(abs(agreement.node), abs(agreement.edge)) <= 1.0:
        yield "its agreement is no correlation"
    if agreement is not None and not agreement.protocol.strip():
        yield "its agreement does not say how it was measured"


def _of_policies(card: ModelCard) -> Iterator[str]:
    context = card.context
    if context is not None and context.tau_s < SHORTEST_CONTEXT_S:
        yield (
            f"its context follows with {context.tau_s:g} s, at least {SHORTEST_CONTEXT_S:g} s "
            "are wanted"
        )
    if context is not None and (context.minimum_s < 1.0 or context.every_s < 1.0):
        yield "its context begins or is renewed within less than a second"
    if card.smoothing_s < 0.0:
        yield f"its smoothing of {card.smoothing_s:g} s is negative"
    if card.information_delay_s is not None and card.information_delay_s < 0.0:
        yield f"its information delay of {card.information_delay_s:g} s is negative"
    if not 2 <= card.min_channels <= card.max_channels:
        yield f"it asks for {card.min_channels} to {card.max_channels} channels"
    if not card.features.usable(card.min_sfreq):
        yield f"none of its bands can be had at its lowest rate, {card.min_sfreq:g} Hz"


def _of_tie(card: ModelCard) -> Iterator[str]:
    tied = card.tied
    if tied is None:
        return
    if len(tied.positions) != len(tied.channels):
        yield "the channels that it is tied to do not have a position each"
    if not 2 <= len(set(tied.channels)) == len(tied.channels):
        yield "the channels that it is tied to are not at least two different ones"
    if tied.base and not tied.person.strip():
        yield "it is a calibrated model but does not say whom it is calibrated to"


def _of_table(name: str, table: BySize) -> Iterator[str]:
    sizes = [size for size, _ in table]
    if not sizes or any(b <= a for a, b in zip(sizes, sizes[1:], strict=False)):
        yield f"the numbers of channels in {name} do not rise"
    if any(value <= 0.0 for _, value in table):
        yield f"a value in {name} is not positive"
