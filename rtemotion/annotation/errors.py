"""What can go wrong when a text is annotated."""

from ..errors import RtemotionError


class AnnotationError(RtemotionError):
    """A transcript cannot be read, or an annotator cannot do its work."""
