"""Who and where: users, roles, sites, patients. May import ``core``."""
