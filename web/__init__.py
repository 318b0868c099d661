"""Pages for staff. Translates only: one domain call a view."""
