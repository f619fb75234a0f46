"""Texts to labels: a timed transcript becomes trajectories of the eight emotions of Plutchik.

`transcript` reads words with their times, `segments` cuts them, an annotator (`lexicon`,
`embedding`, `llm`) scores every segment, `trajectory` smooths and keeps what came out, and
`agreement` compares.
"""
