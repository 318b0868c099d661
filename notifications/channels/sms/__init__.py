"""Text messages through an HTTP provider with Twilio's API, in the patient's language."""
