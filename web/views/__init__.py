"""Views, one module per page or family of pages. Each translates a request, makes one call of the domain, and answers."""
