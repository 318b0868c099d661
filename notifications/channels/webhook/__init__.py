"""Text messages through any service that takes a signed HTTP request, such as a clinic's own gateway."""
