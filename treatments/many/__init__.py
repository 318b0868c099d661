"""Several courses at once: closures, intakes, levelling, and who of the waitlist fits a freed time."""
