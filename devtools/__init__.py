"""Development only: local servers, the demo clinic, the message sink. No other package imports it."""
