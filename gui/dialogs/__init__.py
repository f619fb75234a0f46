"""Questions put to the user in windows of their own."""
