"""Where results go: tables, LSL and OSC."""
