"""The pages of the window, each a few pictures fed from the state."""
