"""The page on the brain: power over the head, and couplings now or along with an emotion."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from ..state.link import Link
from ..state.session import ModelFacts, Session, SourceFacts
from ..theme import DARK, Theme
from ..widgets.connectogram import Connectogram
from ..widgets.matrix import MatrixView
from ..widgets.topomap import TopoMap
from .view import Moment, View

_NOW = "now"
# The graph measure of channels that is shown first.
_FIRST_NODE = "strength"
# Graph measures of many channels take long: they get a quarter of the time at most.
_GRAPH_EVERY_S, _GRAPH_REST = 1.0, 3.0
_WAITING = "Waiting until every window is full."
_COMPUTING = "Graph measures are being computed."
_TOO_EARLY = "Networks of emotions need five minutes with a value; {seconds} s were seen."
# Volts² per hertz to microvolts² per hertz.
_MICRO = 1e12


class BrainView(View):
    """Maps of band power, connectogram and matrix, graph measures, networks of emotions.

    Parameters
    ----------
    link : Link
        Asked for graph measures, once a second while the page is shown.
    """

    title = "Brain"
    topics = ("features", "networks")
    every_s = 0.15
    keys = (("C, D", "the next measure, the next band"),)

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link
        self._theme = DARK
        self._maps: list[TopoMap] = []
        self._graph: Mapping[str, Any] = {}
        self._asked, self._graph_from, self._asking = 0.0, 0.0, False
        self._no_graph = _WAITING
        self.measure, self.band, self.what, self.node = (QComboBox() for _ in range(4))
        self.what.setToolTip("Couplings of this moment, or the network of an emotion")
        self.measure.setToolTip("Connectivity measure (C for the next one)")
        self.band.setToolTip("Band (D for the next one)")
        self.node.setToolTip("Graph measure of every channel")
        self.edges, self.matrix = Connectogram("couplings"), MatrixView("couplings")
        self.graph_map = TopoMap("graph measure")
        self._whole = QLabel()
        self._whole.setObjectName("faint")
        self._whole.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._whole.setWordWrap(True)
        self._maps_row = QHBoxLayout()
        self._maps_row.setSpacing(4)
        maps = QWidget()
        maps.setLayout(self._maps_row)
        below = QSplitter(Qt.Orientation.Horizontal)
        for part in (self.edges, self.matrix, self._graph_box()):
            below.addWidget(part)
        below.setSizes([430, 430, 300])
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(maps)
        split.addWidget(below)
        split.setSizes([220, 380])
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addLayout(self._controls())
        column.addWidget(split, 1)
        self.setFocusProxy(self.edges)
        self.what.currentIndexChanged.connect(self._changed)
        for box in (self.measure, self.band, self.node):
            box.currentIndexChanged.connect(self._ask_again)

    def _controls(self) -> QHBoxLayout:
        line = QHBoxLayout()
        pairs = (("Couplings", self.what), ("measure", self.measure), ("band", self.band))
        for text, box in pairs:
            line.addWidget(QLabel(text))
            line.addWidget(box)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._note = QLabel()
        self._note.setObjectName("faint")
        line.addWidget(self._note, 1)
        return line

    def _graph_box(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.node)
        column.addWidget(self.graph_map, 1)
        column.addWidget(self._whole)
        return box

    @property
    def emotion(self) -> str:
        """The emotion whose network is wanted, empty for the couplings of now."""
        return self.what.currentData() or ""

    def begin(self, session: Session) -> None:
        """Take the channels, bands and measures of another run."""
        source, model = session.source, session.model
        if source is None or model is None:
            return
        _fill(self.measure, [(m.name, m.name) for m in model.measures])
        bands = [model.bands[i] for i in model.connectivity_bands]
        _fill(self.band, [(f"{b.name} {b.low:g}–{b.high:g} Hz", b.name) for b in bands])
        networks = [(f"the network of {name}", name) for name in model.names]
        _fill(self.what, [(_NOW, ""), *networks])
        for widget in (self.edges, self.matrix, self.graph_map):
            widget.set_channels(source.channels, source.positions)
        self._graph, self._no_graph, self._asking = {}, _COMPUTING, False
        self._graph_from = 0.0
        self._make_maps(source, model)

    def _make_maps(self, source: SourceFacts, model: ModelFacts) -> None:
        while len(self._maps) > len(model.bands):
            widget = self._maps.pop()
            self._maps_row.removeWidget(widget)
            widget.deleteLater()
        while len(self._maps) < len(model.bands):
            widget = TopoMap("band power")
            widget.set_theme(self._theme)
            self._maps.append(widget)
            self._maps_row.addWidget(widget, 1)
        for widget in self._maps:
            widget.set_channels(source.channels, source.positions)

    def redraw(self, session: Session, frozen: Moment | None) -> None:
        """Draw the newest features; a frozen view keeps what it shows."""
        source, model, features = session.source, session.model, session.latest.features
        if frozen is not None or source is None or model is None:
            return
        if features and features["full"]:
            self._show_power(model, features)
        else:
            for widget in self._maps:
                widget.clear(_WAITING)
        self._show_couplings(session, source, model)
        self._show_graph(session)
        pictures: tuple[Any, ...] = (*self._maps, self.edges, self.matrix, self.graph_map)
        # Nothing comes of a stream that is silent: what stands there is not of now.
        silent = bool(session.latest.health.get("silent"))
        for picture in pictures:
            picture.set_trusted(not silent)
            picture.redraw()

    def _show_power(self, model: ModelFacts, features: Mapping[str, Any]) -> None:
        with np.errstate(divide="ignore", invalid="ignore"):
            decibels = 10.0 * np.log10(np.asarray(features["power"], np.float64) * _MICRO)
        for widget, band, values in zip(self._maps, model.bands, decibels, strict=True):
            title = f"{band.name} {band.low:g}–{band.high:g} Hz"
            widget.show_values(np.where(np.isfinite(values), values, np.nan), title, "dB")

    def _show_couplings(self, session: Session, source: SourceFacts, model: ModelFacts) -> None:
        row, band = max(self.measure.currentIndex(), 0), max(self.band.currentIndex(), 0)
        measure = model.measures[row]
        values, why = self._couplings(session, row, band)
        self._note.setText(
            "sensitive to volume conduction" if measure.leaks and not self.emotion else ""
        )
        if values is None:
            self.edges.clear(why)
            self.matrix.clear(why)
            return
        label = f"{measure.name}, {self.band.currentText()}"
        unit = ""
        if self.emotion:
            label, unit = f"{self.emotion}: {label}", "SD"
        signed = measure.signed or bool(self.emotion)
        for widget in (self.edges, self.matrix):
            widget.show_edges(
                values,
                source.pairs,
                label,
                signed,
                unit=unit,
                antisymmetric=measure.signed,
            )

    def _couplings(
        self, session: Session, row: int, band: int
    ) -> tuple[NDArray[np.float64] | None, str]:
        if not self.emotion:
            features = session.latest.features
            if not features or not features["full"]:
                return None, _WAITING
            return np.asarray(features["connectivity"][row, band], np.float64), ""
        network = session.latest.network
        if not network or network["emotion"] != self.emotion:
            return None, "Waiting for the network of this emotion."
        if not network["known"]:
            return None, _TOO_EARLY.format(seconds=network["seconds"])
        return np.asarray(network["edge"][row, band], np.float64), ""

    def _show_graph(self, session: Session) -> None:
        now = time.monotonic()
        full = bool(session.latest.features and session.latest.features["full"])
        if session.live and full and not self._asking and now >= self._graph_from:
            self._asked, self._asking = now, True
            measure, band = self.measure.currentText(), self.band.currentIndex()
            node = self.node.currentData() or _FIRST_NODE
            said = {"measure": measure, "band": max(band, 0), "node": node}
            self._link.ask("graph", self._take_graph, self._without_graph, **said)
        nodes = self._graph.get("nodes", {})
        if not nodes:
            self.graph_map.clear(self._no_graph if full else _WAITING)
            self._whole.setText("")
            return
        if not self.node.count():
            names = self._graph["node_measures"]
            _fill(self.node, [(name.replace("_", " "), name) for name in names])
        for name, values in nodes.items():
            self.graph_map.show_values(values, name.replace("_", " "), "")
        whole = self._graph["whole"]
        self._whole.setText(
            " · ".join(f"{key.replace('_', ' ')} {_tidy(value)}" for key, value in whole.items())
        )

    def _take_graph(self, result: Mapping[str, Any]) -> None:
        self._graph, self._no_graph = result, _COMPUTING
        self._answered()

    def _without_graph(self, sentence: str) -> None:
        self._graph, self._no_graph = {}, sentence
        self._answered()

    def _answered(self) -> None:
        now = time.monotonic()
        rest = max(_GRAPH_EVERY_S, _GRAPH_REST * (now - self._asked))
        self._asking, self._graph_from = False, now + rest

    def _ask_again(self) -> None:
        self._graph_from = 0.0

    def _changed(self) -> None:
        self.wants_changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Look at the next measure, or the next band."""
        box = {Qt.Key.Key_C: self.measure, Qt.Key.Key_D: self.band}.get(Qt.Key(event.key()))
        if box is None:
            super().keyPressEvent(event)
        else:
            _next(box)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        pictures: tuple[Any, ...] = (*self._maps, self.edges, self.matrix, self.graph_map)
        for picture in pictures:
            picture.set_theme(theme)


def _fill(box: QComboBox, items: list[tuple[str, str]]) -> None:
    """Put other items into a box, keeping what was chosen where it is still there."""
    chosen = box.currentData()
    box.blockSignals(True)
    box.clear()
    for text, data in items:
        box.addItem(text, data)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    box.blockSignals(False)


def _next(box: QComboBox) -> None:
    if box.count():
        box.setCurrentIndex((box.currentIndex() + 1) % box.count())


def _tidy(value: float) -> str:
    """Return a number that shows no rounding error as a result."""
    return f"{0.0 if abs(value) < 1e-9 else value:.3g}".replace("-", "−")
