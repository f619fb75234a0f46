"""From features to emotions: the model file, the baseline, the decoder, trust."""

from .baseline import Baseline, BaselineSpan
from .card import ModelCard, Target
from .decoder import Decoder
from .model import Model, load_model

__all__ = [
    "Baseline",
    "BaselineSpan",
    "Decoder",
    "Model",
    "ModelCard",
    "Target",
    "load_model",
]
