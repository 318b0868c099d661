"""The REST surface. Translates only: shape in, one domain call, shape out."""
