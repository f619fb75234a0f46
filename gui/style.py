"""How controls look: one style sheet from the theme, plain and the same on every system."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette

from .theme import Colour, Theme


def css(colour: Colour) -> str:
    """Return a colour as style sheets spell it."""
    return f"rgb({colour[0]}, {colour[1]}, {colour[2]})"


def palette(theme: Theme) -> QPalette:
    """Return the palette of controls that no style sheet reaches."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: theme.background,
        QPalette.ColorRole.Base: theme.background,
        QPalette.ColorRole.AlternateBase: theme.raised,
        QPalette.ColorRole.Button: theme.raised,
        QPalette.ColorRole.ToolTipBase: theme.raised,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.faint,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: theme.background,
        QPalette.ColorRole.Link: theme.accent,
    }
    for role, colour in roles.items():
        made.setColor(role, QColor(*colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(*theme.muted))
    return made


def style_sheet(theme: Theme) -> str:
    """Return the style sheet of the app."""
    text, faint, grid = css(theme.text), css(theme.faint), css(theme.grid)
    raised, accent, ground = css(theme.raised), css(theme.accent), css(theme.background)
    return f"""
    QWidget {{ color: {text}; }}
    QMainWindow, QDialog {{ background: {ground}; }}
    QToolTip {{ color: {text}; background: {raised}; border: 1px solid {grid}; }}
    QTabWidget::pane {{ border: 0; border-top: 1px solid {grid}; }}
    QTabBar::tab {{ color: {faint}; padding: 6px 14px; border: 0; background: {ground}; }}
    QTabBar::tab:selected {{ color: {text}; border-bottom: 2px solid {accent}; }}
    QTabBar::tab:hover {{ color: {text}; }}
    QPushButton, QToolButton {{ background: {raised}; border: 1px solid {grid};
        border-radius: 4px; padding: 4px 10px; }}
    QPushButton:hover, QToolButton:hover {{ border-color: {accent}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {css(theme.muted)}; }}
    QPushButton:checked, QToolButton:checked {{ border-color: {accent}; color: {accent}; }}
    QPushButton:default {{ border-color: {accent}; }}
    QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox, QPlainTextEdit, QTextBrowser {{
        background: {raised}; border: 1px solid {grid}; border-radius: 4px; padding: 3px 6px;
        selection-background-color: {accent}; selection-color: {ground}; }}
    QLineEdit:focus, QComboBox:focus {{ border-color: {accent}; }}
    QComboBox QAbstractItemView {{ background: {raised}; border: 1px solid {grid};
        selection-background-color: {accent}; selection-color: {ground}; }}
    QTreeView, QTableView, QListView {{ background: {ground}; border: 1px solid {grid};
        alternate-background-color: {raised}; gridline-color: {grid};
        selection-background-color: {accent}; selection-color: {ground}; }}
    QHeaderView::section {{ background: {raised}; color: {faint}; border: 0;
        border-right: 1px solid {grid}; padding: 4px 6px; }}
    QMenuBar, QMenu {{ background: {ground}; }}
    QMenu {{ border: 1px solid {grid}; }}
    QMenuBar::item:selected, QMenu::item:selected {{ background: {accent}; color: {ground}; }}
    QMenu::item:disabled {{ color: {css(theme.muted)}; }}
    QStatusBar {{ background: {raised}; border-top: 1px solid {grid}; }}
    QStatusBar::item {{ border: 0; }}
    QSplitter::handle {{ background: {grid}; }}
    QScrollBar {{ background: {ground}; }}
    QLabel#banner {{ background: {css(theme.doubtful)}; color: {ground}; padding: 4px 10px; }}
    QLabel#problem {{ background: {css(theme.bad)}; color: {ground}; padding: 4px 10px; }}
    QLabel#recording {{ color: {css(theme.bad)}; }}
    QLabel#faint {{ color: {faint}; }}
    QLabel#heading {{ font-weight: bold; }}
    """
