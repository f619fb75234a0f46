"""What the app knows, without Qt: rings of signals, the history of frames, the choices made."""
