"""The first version of the API."""
