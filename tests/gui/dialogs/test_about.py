"""What the app says of itself, and its keys."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from rtemotion import __version__
from rtemotion.gui.dialogs.about import AboutDialog, KeysDialog, about_text
from rtemotion.gui.state.session import Session

from ..driving import Desk, run_for


def test_it_names_versions_licence_and_log() -> None:
    said = about_text(Session())
    for word in (__version__, "numpy", "PySide6", "Python", "BSD-3-Clause", "LGPL", "log"):
        assert word in said
    assert "none loaded yet" in said
    assert "not installed" not in said


def test_it_names_the_model_in_use(desk: Desk) -> None:
    assert desk.session.model is not None
    assert desk.session.model.identity in about_text(desk.session)


def test_every_command_and_page_has_its_keys_listed(desk: Desk) -> None:
    shown: list[list[str]] = []

    def look(dialog: KeysDialog) -> int:
        table = dialog.table
        for row in range(table.rowCount()):
            shown.append([table.item(row, column).text() for column in range(2)])
        return 0

    before = KeysDialog.exec
    KeysDialog.exec = look
    try:
        desk.press("F1")
    finally:
        KeysDialog.exec = before
    keys = dict(shown)
    assert keys["Ctrl+O"] == "Connect"
    assert keys["M"] == "Mark this moment"
    assert any("Signals: " in words for words in keys.values())
    assert all(key and words for key, words in shown)
    shortcuts = [key for keys in keys for key in keys.split(" or ") if "Ctrl" in key]
    assert len(shortcuts) == len(set(shortcuts))


def test_about_opens_and_closes(desk: Desk) -> None:
    dialog = AboutDialog(desk.session, desk.window)
    dialog.show()
    run_for(0.05)
    assert "rtemotion" in dialog.text.toPlainText()
    dialog.reject()
    dialog.deleteLater()
    run_for(0.05)
    assert QApplication.activeModalWidget() is None
