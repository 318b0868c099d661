"""REST. Translates only: one domain call a view."""
