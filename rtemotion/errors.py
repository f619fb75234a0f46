"""What can go wrong for a user, each raised with one sentence: what, where, expected, remedy.

The command line prints the sentence and exits 1; anything not derived from
`RtemotionError` is a defect of ours and leaves a traceback.
"""


class RtemotionError(Exception):
    """Base of every error whose message is meant for a user to read."""


class SourceError(RtemotionError):
    """A stream or recording cannot be found, opened, read or trusted."""


class SetupError(RtemotionError):
    """The channels, montage, unit or filters asked for do not fit the source."""


class ModelError(RtemotionError):
    """A model file is corrupt, foreign, or does not fit its own description."""


class OutletError(RtemotionError):
    """Results cannot be written where they were asked to go."""


class ServiceError(RtemotionError):
    """The service cannot be reached, or was asked for something it does not know."""
