"""Where results go: tables and LSL."""
