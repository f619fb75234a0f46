"""Scores that hold: splits of groups, baselines beside every model, tests that refit.

`evaluate` is the one entry; `audit_split` and `audit_features` name what leaks in splits
and features that were made elsewhere.
"""

from .audit import audit_features, audit_split, smoothing_of
from .baselines import edge_channels, front_channels
from .evaluate import Plan, evaluate
from .result import Evaluation, Finding
from .splits import Fold, Protocol, folds_of
from .table import Column, EvaluationError, FeatureTable, Stretch

__all__ = [
    "Column",
    "Evaluation",
    "EvaluationError",
    "FeatureTable",
    "Finding",
    "Fold",
    "Plan",
    "Protocol",
    "Stretch",
    "audit_features",
    "audit_split",
    "edge_channels",
    "evaluate",
    "folds_of",
    "front_channels",
    "smoothing_of",
]
