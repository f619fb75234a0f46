"""Where samples come from: LSL streams, recordings, and memory.

Nothing here is imported for you: take the module of the source you need, so that
a replay never loads LSL and a live stream never loads a file reader.
"""
