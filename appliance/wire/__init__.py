"""Messages that cross a process or machine border: msgspec structs and nothing else."""
