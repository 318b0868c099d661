"""E-mail over SMTP, text and HTML, in the patient's language."""
