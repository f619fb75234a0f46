"""Labelled data sets under one interface, and their features by the code that decodes live."""

from .alice import alice
from .bids import bids
from .dataset import Dataset, LabelledRecording, Series, Target, Trial
from .deap import deap, deap_original
from .dreamer import dreamer
from .faced import faced
from .features import Preparation, common_channels, table_of
from .seed_vii import seed_vii
from .sessions import sessions
from .shared import dasps, eegmat

__all__ = [
    "Dataset",
    "LabelledRecording",
    "Preparation",
    "Series",
    "Target",
    "Trial",
    "alice",
    "bids",
    "common_channels",
    "dasps",
    "deap",
    "deap_original",
    "dreamer",
    "eegmat",
    "faced",
    "seed_vii",
    "sessions",
    "table_of",
]
