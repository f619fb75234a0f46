"""People who listen to a story: a twin of the Alice EEG data whose truth is known.

`story` tells it and says when each word is heard and how loud; `people` puts listeners'
recordings beside it, in the layout of the data's release.
"""

from .people import VERSIONS, Version, write_twin
from .story import SEGMENTS_S, Told, tell

__all__ = ["SEGMENTS_S", "VERSIONS", "Told", "Version", "tell", "write_twin"]
