"""The demo clinic: built through the real actions, then shown at work. ``make demo`` runs it."""
