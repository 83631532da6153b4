"""The technician's terminal over the ops API. Knows only appliance.base and appliance.wire."""
