"""When and with what: resources, hours, appointments, allocations, and the planner in ``engine``.

This is the booking app, not the Django project package (that is ``config``). It may import ``clinics`` and ``core``.
"""
