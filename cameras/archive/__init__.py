"""exam-archive: keeps recordings for years. Copies, forecasts, deletes by order, re-reads."""
