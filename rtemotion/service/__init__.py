"""The engine in a process of its own, spoken to in messages."""
