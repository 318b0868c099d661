"""Real PostgreSQL and Valkey without Docker, for evaluation, development, tests and a single small clinic.

``servers.running()`` gives a ready pair that listens on Unix sockets only, runs without root rights and never
outlives the process that started it. ``supervisor.Supervisor`` runs the other processes beside them.
"""
