"""The stores on real servers, and on the faults that real servers cannot be made to show."""
