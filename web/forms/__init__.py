"""Forms, one module per page or family of pages."""
