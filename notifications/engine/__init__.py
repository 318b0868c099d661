"""The rules of telling people, as plain Python: what is due when, what follows an attempt. No Django, no database."""
