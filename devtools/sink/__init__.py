"""A local SMTP server that keeps every message as a file instead of delivering it, and the page that shows them."""
