"""From raw samples to conditioned ones: clock, channels, filters, reference, quality.

Everything here is causal and keeps its state between chunks.
"""

from .channels import ChannelPlan, plan_channels
from .clock import ClockStage, ClockState
from .design import ConditioningDesign, MarkingDesign
from .freshness import FreshnessStage
from .quality import ChannelQuality
from .stage import ConditioningStage

__all__ = [
    "ChannelPlan",
    "ChannelQuality",
    "ClockStage",
    "ClockState",
    "ConditioningDesign",
    "ConditioningStage",
    "FreshnessStage",
    "MarkingDesign",
    "plan_channels",
]
