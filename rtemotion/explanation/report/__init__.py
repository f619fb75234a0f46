"""Emotions' networks as tables, figures and a page."""

from .tables import TABLES, summary, weight_rows
from .writing import write_report

__all__ = ["TABLES", "summary", "weight_rows", "write_report"]
