"""Protocols as data: the document's schema, reading it, and compiling a course into the planner's request.

Plain Python and Pydantic, without Django and without a database. Import the modules, not names from here, so that a
process that never reads a protocol does not load Pydantic:

- ``reading``    YAML or JSON to a checked ``schema.Protocol``, or a list of problems with paths
- ``publishing`` finds rules that contradict each other before a version is published
- ``compile``    a protocol and the patient's wishes to visits and rules for the planner
- ``phrases``    the planner's reasons to sentences
- ``catalog``    the reference protocols that come with the product
"""
