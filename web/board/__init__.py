"""The day of a site: its board by resource or by clinician, its list, and what stands beside them."""
