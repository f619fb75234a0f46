"""What goes along with an emotion in the brain, as far as sensors tell."""

from .moments import Moments
from .networks import Edge, EmotionNetworks
from .patterns import Patterns

__all__ = ["Edge", "EmotionNetworks", "Moments", "Patterns"]
