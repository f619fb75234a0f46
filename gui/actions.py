"""Every command of the app with its keys: the menus, and what F1 lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

SEPARATOR = None


@dataclass(frozen=True)
class Command:
    """Something the user may do.

    Attributes
    ----------
    text : str
        As the menu says it.
    keys : tuple of str
        Shortcuts, as Qt spells them.
    act : callable
        Does it; takes whether it is checked where `checked` is given.
    tip : str
        What it is for, in a sentence.
    checked : bool or None
        Whether it starts checked; None for one that is not checked at all.
    """

    text: str
    keys: tuple[str, ...]
    act: Callable[..., None]
    tip: str = ""
    checked: bool | None = None


Menus = dict[str, list[Command | None]]


def add_menus(window: QMainWindow, menus: Menus) -> dict[str, QAction]:
    """Build the menu bar; return the actions by their texts."""
    made: dict[str, QAction] = {}
    for title, commands in menus.items():
        menu: QMenu = window.menuBar().addMenu(title)
        menu.setToolTipsVisible(True)
        for command in commands:
            if command is None:
                menu.addSeparator()
                continue
            action = QAction(command.text, window)
            action.setShortcuts([QKeySequence(key) for key in command.keys])
            action.setToolTip(command.tip or command.text)
            if command.checked is None:
                action.triggered.connect(lambda _=False, act=command.act: act())
            else:
                action.setCheckable(True)
                action.setChecked(command.checked)
                action.triggered.connect(command.act)
            menu.addAction(action)
            made[command.text] = action
    return made


def keys_table(menus: Menus) -> list[tuple[str, str]]:
    """Return what every key does, for the list of keys."""
    return [
        (" or ".join(command.keys), command.text.rstrip("…").strip().replace("&", ""))
        for commands in menus.values()
        for command in commands
        if command is not None and command.keys
    ]
