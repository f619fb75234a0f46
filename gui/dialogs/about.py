"""What the app is: versions, the model in use and its caveat, where the log lies; the keys."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Sequence

from PySide6.QtCore import qVersion
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from ...logs import log_path
from ..state.session import Session

_PACKAGES = ("rtemotion", "numpy", "scipy", "mne", "onnxruntime", "pylsl", "PySide6-Essentials")


def about_text(session: Session) -> str:
    """Return what the About box says, as HTML."""
    versions = []
    for name in (*_PACKAGES, "pyqtgraph", "websockets"):
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} not installed")
    model = session.model
    said = "none loaded yet" if model is None else f"{model.identity}; {model.filters}"
    delay = ""
    if model is not None and model.information_delay_s is not None:
        lag = f"{model.information_delay_s:.1f} s"
        delay = f"<p>Information delay: {lag}; the output is most like the truth of then.</p>"
    return (
        "<h3>rtemotion</h3>"
        "<p>Real-time EEG emotion decoding: continuous trajectories of several emotions, each "
        "with its uncertainty and its reasons. Research software, no medical device.</p>"
        f"<p>Model: {said}</p>{delay}"
        f"<p>{'; '.join(versions)}; Qt {qVersion()}; Python {platform.python_version()}; "
        f"{platform.platform()}</p>"
        f"<p>Log: {log_path() or 'cannot be written'}</p>"
        "<p>BSD-3-Clause. Qt for Python is used under the LGPL.</p>"
    )


class AboutDialog(QDialog):
    """Shows `about_text`."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About rtemotion")
        self.resize(560, 420)
        self.text = QTextBrowser()
        self.text.setHtml(about_text(session))
        _close_below(self, self.text)


class KeysDialog(QDialog):
    """Lists what every key does.

    Parameters
    ----------
    keys : sequence of (str, str)
        Keys and what they do.
    """

    def __init__(self, keys: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.resize(520, 560)
        self.table = QTableWidget(len(keys), 2)
        self.table.setHorizontalHeaderLabels(["keys", "what they do"])
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        for row, cells in enumerate(keys):
            for column, cell in enumerate(cells):
                self.table.setItem(row, column, QTableWidgetItem(cell))
        _close_below(self, self.table)


def _close_below(dialog: QDialog, widget: QWidget) -> None:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.addWidget(widget, 1)
    column.addWidget(buttons)
