"""Messages and attempts."""
