"""Pictures of arrays: they know Qt and NumPy, nothing of the service."""
