"""Setting the clinic up: what is changed rarely, and weighed before it is saved."""
