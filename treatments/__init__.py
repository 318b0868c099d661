"""What and in which order: protocols, courses, visits. May import ``scheduler``, ``clinics`` and ``core``."""
