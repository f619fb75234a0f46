"""``python -m rtemotion`` is the `rtemotion` command."""

from .cli import main

main()
