"""From conditioned samples to features: sliding spectra, band power, connectivity."""

from .schema import Band, FeatureSchema
from .stage import FeatureStage

__all__ = ["Band", "FeatureSchema", "FeatureStage"]
