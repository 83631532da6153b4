"""`python -m appliance.cli`: the same as `examsite`."""

from appliance.cli import main

main()
