"""One verb each: they join rooms and own no mathematics."""
