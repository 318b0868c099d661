"""The life of a running course: what may happen to it, and what that does to every visit."""
