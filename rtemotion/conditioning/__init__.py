"""From raw samples to conditioned ones: clock, channels, filters, reference, quality.

Everything here is causal and keeps its state between chunks.
"""

from .channels import ChannelPlan, plan_channels
from .clock import ClockStage
from .design import ConditioningDesign
from .freshness import FreshnessStage
from .stage import ConditioningStage

__all__ = [
    "ChannelPlan",
    "ClockStage",
    "ConditioningDesign",
    "ConditioningStage",
    "FreshnessStage",
    "plan_channels",
]
