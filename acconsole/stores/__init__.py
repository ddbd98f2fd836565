"""The ports made real: every driver and SDK call is in here, and their errors end here."""
