"""Where a run's results go: a table, a recording, other streams beside it, OSC."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .decoding import BaselineSpan, Model
from .engine import Engine
from .errors import OutletError, SetupError
from .outlets.about import About, AboutTarget
from .pipeline import Setup
from .signal import Source, Stage, StreamInfo
from .words import size_text

if TYPE_CHECKING:
    from .decoding import Baseline
    from .explanation import Patterns
    from .outlets.recorder import Recorder
    from .sources.lsl_network import FoundStream


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outputs:
    """What a run writes and sends.

    Attributes
    ----------
    table : Path or None
        Frames as CSV or Parquet.
    recording : Path or None
        Everything the frames follow from, as XDF with a session file beside it.
    overwrite : bool
        Replace files that exist.
    also : tuple of str
        Queries of other LSL streams to record into the same file; ``"all"`` for every one.
    osc : str or None
        ``[HOST:]PORT`` of a receiver of OSC.
    networks : Path or None
        What was learnt of each emotion's network, as CSV, at the end.
    """

    table: Path | None = None
    recording: Path | None = None
    overwrite: bool = False
    also: tuple[str, ...] = ()
    osc: str | None = None
    networks: Path | None = None

    def check(self) -> None:
        """Refuse what could not be written before anything else is waited for."""
        if self.table is not None:
            from .outlets.table import check_table

            check_table(self.table, self.overwrite)
        if self.recording is not None:
            from .outlets.session_file import check_recording

            check_recording(self.recording, self.overwrite)
        if self.networks is not None:
            from .outlets.networks_table import check_networks

            check_networks(self.networks, self.overwrite)
        if self.osc is not None:
            from .outlets.osc import check_place

            check_place(self.osc)

    def spare(self, source: Path) -> None:
        """Refuse to replace what is being read.

        Raises
        ------
        SetupError
            If an output is the input, or a session file beside it.
        """
        outputs = (self.table, self.recording, self.networks)
        written = [path for path in outputs if path is not None]
        if self.recording is not None:
            written.append(self.recording.with_suffix(".json"))
        if source.resolve() in {path.resolve() for path in written}:
            raise SetupError(f"{source} is what is read: it cannot be written to; name another.")

    def engine(
        self,
        source: Source,
        model: Model,
        setup: Setup | None = None,
        baseline: Baseline | None = None,
        span: BaselineSpan | None = None,
        onlooker: Stage | None = None,
    ) -> Engine:
        """Return an engine that writes and sends them."""
        recorder = None
        if self.recording is not None:
            recorder = self._recorder(self.recording, source)
        engine = Engine(
            source,
            model,
            setup=setup,
            baseline=baseline,
            span=span,
            recorder=recorder,
            onlooker=onlooker,
        )
        if self.table is not None:
            from .outlets.table import open_table

            names = model.card.target_names
            engine.add_outlet(open_table(self.table, names, model.identity, self.overwrite))
        if self.osc is not None:
            from .outlets.osc import OSCOutlet

            names, about = model.card.target_names, about_engine(engine)
            engine.add_outlet(OSCOutlet(names, model.identity, self.osc, about))
        if self.networks is not None:
            _learn_networks(engine, self.networks, self.overwrite)
        return engine

    def _recorder(self, path: Path, source: Source) -> Recorder:
        from .outlets.recorder import Recorder
        from .outlets.session_file import SessionFile

        target = SessionFile(path, self.overwrite)
        companion = None
        if self.also:
            from .record import StreamRecorder, choose
            from .sources.lsl_network import parse_query

            queries = [parse_query(text) for text in self.also if text != "all"]
            wanted = choose(queries, everything="all" in self.also)
            companion = StreamRecorder(
                target, lambda stream: wanted(stream) and not _is_stream(stream, source.info)
            )
        return Recorder(target, source, companion)

    def written(self, engine: Engine, how: str = "") -> Iterator[str]:
        """Yield what was written, in words, a sentence a file.

        Raises
        ------
        OutletError
            If the recording stopped early.
        """
        if self.table is not None:
            yield f"wrote {engine.frames} rows to {self.table}{how}"
        if self.networks is not None:
            yield f"wrote the networks of the last minutes to {self.networks}"
        if engine.recorder is not None:
            if problem := engine.recorder.target.xdf.problem:
                raise OutletError(f"the recording stopped early: {problem}")
            yield f"recorded {size_text(engine.recorder.target.xdf.size)} to {self.recording}"


def about_engine(engine: Engine) -> About:
    """Return what receivers are told of a model and of what it is used on."""
    card, info = engine.model.card, engine.pipeline.info
    return About(
        targets={
            target.name: AboutTarget(target.low, target.high, target.construct)
            for target in card.targets
        },
        sha256=engine.model.sha256,
        trained_on=card.trained_on,
        caveat=card.caveat,
        validated=card.validated,
        hop_s=engine.pipeline.hop,
        smoothing_s=card.smoothing_s,
        delay_s=card.information_delay_s,
        stream=info.name,
        source_id=info.source_id,
        simulated=info.simulated,
    )


def learn_patterns(engine: Engine) -> Patterns:
    """Return what learns the networks of emotions from a run, from its next second on."""
    from .explanation import Patterns

    info, card = engine.pipeline.info, engine.model.card
    pairs = np.stack(np.triu_indices(info.n_channels, k=1), axis=1)
    patterns = Patterns(card.target_names, card.features, pairs, info.n_channels)
    engine.pipeline.decoder.watch(patterns)
    return patterns


def _learn_networks(engine: Engine, path: Path, overwrite: bool) -> None:
    from .outlets.networks_table import NetworksTable

    info, patterns = engine.pipeline.info, learn_patterns(engine)

    def rows() -> Iterator[dict[str, str | float]]:
        networks = patterns.network()
        if not networks.known:
            log.warning(
                "The networks in %s follow from %d s with a value against one reference; "
                "at least five minutes are wanted before they say anything.",
                path,
                networks.seconds,
            )
        return networks.rows(info.channels)

    engine.add_outlet(NetworksTable(path, rows, engine.model.identity, overwrite))


def _is_stream(found: FoundStream, info: StreamInfo) -> bool:
    """Tell whether a stream on the network is the one that a source receives."""
    if info.source_id:
        return (found.name, found.source_id) == (info.name, info.source_id)
    return (found.name, found.hostname) == (info.name, info.host)
