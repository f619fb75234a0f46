"""What a look at a source has found: the stream's facts, and every channel's verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..theme import DARK, LIGHT

_HEADINGS = ("channel", "place", "RMS µV", "mains µV", "verdict", "because")
_SIGNS = {"ok": "✓ ok", "check": "? check", "bad": "✕ bad"}


class Contact(QWidget):
    """A table of channels under a few lines on the stream."""

    def __init__(self) -> None:
        super().__init__()
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        self.table = QTableWidget(0, len(_HEADINGS))
        self.table.setHorizontalHeaderLabels(_HEADINGS)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.facts)
        column.addWidget(self.table, 1)
        self.clear()

    def clear(self) -> None:
        """Show nothing, and how to see something."""
        self.facts.setText("Look at the signal to see rate, unit, mains and contact here.")
        self.table.setRowCount(0)

    def wait(self, sentence: str) -> None:
        """Say that something is under way."""
        self.facts.setText(sentence)
        self.table.setRowCount(0)

    def show_report(self, report: Mapping[str, Any]) -> None:
        """Show what was found, as `rtemotion check --json` says it."""
        self.facts.setText("<br>".join(_facts(report)))
        channels = report["survey"]["channels"]
        self.table.setRowCount(len(channels))
        light = self.palette().base().color().lightness() > 128
        theme = LIGHT if light else DARK
        colours = {"ok": theme.good, "check": theme.doubtful, "bad": theme.bad}
        for row, channel in enumerate(channels):
            place = "placed" if channel["placed"] else "no position"
            cells = (
                channel["name"],
                place if channel["used"] else "not used",
                _microvolts(channel["rms"]),
                _microvolts(channel["line"]),
                _SIGNS[channel["verdict"]],
                "; ".join(channel["reasons"]),
            )
            for column, cell in enumerate(cells):
                item = QTableWidgetItem(cell)
                if column == 4:
                    item.setForeground(QColor(*colours[channel["verdict"]]))
                self.table.setItem(row, column, item)


def _facts(report: Mapping[str, Any]) -> list[str]:
    survey = report["survey"]
    timing = survey["timing"]
    rate = f"{timing['nominal']:g} Hz"
    if timing["measured"] is not None:
        rate += f" (measured {timing['measured']:.2f} Hz, drift {timing['drift']:+.0f} ppm)"
    mains = f"{survey['line_hz']:g} Hz" if survey["line_hz"] else "neither 50 nor 60 Hz stands out"
    enough = "enough" if report["enough"] else "too few"
    return [
        f"<b>{report['name']}</b>, {survey['seconds']:.1f} s seen, lost {survey['lost']} samples",
        f"rate {rate}",
        f"unit {report['unit']} ({report['unit_known']}); mains {mains}",
        f"reference {report['reference']}, decoding uses {report['used_reference']}",
        f"positions: {report['montage']}",
        f"{len(report['usable'])} channels usable, the model needs {report['needed']}: {enough}",
    ]


def _microvolts(volts: Any) -> str:
    if not isinstance(volts, int | float) or not math.isfinite(volts):
        return "–"
    return f"{volts * 1e6:.1f}"
