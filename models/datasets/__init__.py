"""Labelled data sets under one interface, and their features by the code that decodes live."""

from .alice import alice
from .bids import bids
from .dataset import Dataset, LabelledRecording, Series, Target, Trial
from .deap import deap, deap_original
from .dreamer import dreamer
from .faced import faced
from .features import Preparation, common_channels, table_of
from .opening import LAYOUTS, Wanted, open_dataset, parse_target
from .seed_vii import seed_vii
from .sessions import sessions
from .shared import dasps, eegmat

__all__ = [
    "LAYOUTS",
    "Dataset",
    "LabelledRecording",
    "Preparation",
    "Series",
    "Target",
    "Trial",
    "Wanted",
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
    "open_dataset",
    "parse_target",
    "sessions",
    "table_of",
]
