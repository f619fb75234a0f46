"""Sentences that tell of each emotion, and of none: what embeddings are compared with."""

from __future__ import annotations

from collections.abc import Mapping

DESCRIPTIONS: Mapping[str, tuple[str, ...]] = {
    "anticipation": (
        "She could hardly wait to see what would happen next.",
        "He watched the door, expecting them at any moment.",
        "They made everything ready for the great day to come.",
        "Burning with curiosity, she ran after it to find out where it went.",
        "All his thoughts were on tomorrow and what it would bring.",
        "A story full of expectation, eagerness and suspense.",
    ),
    "joy": (
        "She laughed and danced with happiness.",
        "It was the most delightful day of his life.",
        "They embraced one another, beaming with joy.",
        "Everybody cheered and sang when the good news came.",
        "What a lovely garden, she thought, and smiled.",
        "A story full of joy, delight and merriment.",
    ),
    "trust": (
        "She knew that he would never let her down.",
        "He put his life in the hands of his old friend.",
        "They believed every word their mother said.",
        "With a gentle voice the doctor assured them that they were safe.",
        "She told him her secret, for she was sure of his loyalty.",
        "A story full of trust, faith and friendship.",
    ),
    "fear": (
        "She trembled with fear as the steps came nearer.",
        "He screamed in terror and ran for his life.",
        "Something dreadful was waiting in the dark.",
        "They were afraid that they would never get out alive.",
        "Her heart beat wildly, and she dared not move.",
        "A story full of fear, danger and horror.",
    ),
    "surprise": (
        "Suddenly, to her amazement, the rabbit spoke.",
        "He could not believe his eyes.",
        "Nobody had expected this, and they stared in astonishment.",
        "All at once the floor gave way beneath her.",
        "She gasped: it was the last person she had thought to meet.",
        "A story full of surprise, wonder and sudden turns.",
    ),
    "sadness": (
        "She sat down and began to cry bitterly.",
        "He mourned for the friend he had lost.",
        "They felt lonely and forsaken by everyone.",
        "With a heavy heart she said goodbye for ever.",
        "There was no hope left, and tears ran down his face.",
        "A story full of sadness, grief and loss.",
    ),
    "disgust": (
        "The stench of the rotten meat made her sick.",
        "He turned away in disgust from the filthy thing.",
        "Slimy worms crawled out of the food on the plate.",
        "What they had done was vile, and she loathed them for it.",
        "She spat it out, for it tasted revolting.",
        "A story full of disgust, filth and loathing.",
    ),
    "anger": (
        "She was furious and stamped her foot.",
        "He shouted at them in a rage.",
        "They swore to take revenge for the insult.",
        "How dare you, she cried, and struck the table.",
        "His face grew red with anger at the injustice.",
        "A story full of anger, hatred and quarrels.",
    ),
}
"""Six sentences for each emotion."""

NEUTRAL: tuple[str, ...] = (
    "The table stood next to the window.",
    "He went to the shop and bought a loaf of bread.",
    "The train leaves at ten and takes two hours.",
    "There were some books on the shelf.",
    "She put the cup on the table and closed the cupboard.",
    "The road runs along the river for a mile.",
    "The report has twelve pages and two figures.",
    "It was a Tuesday, and the office opened at nine.",
)
"""Sentences that tell of no emotion."""
